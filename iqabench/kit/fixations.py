"""Fixations, the places where people looked: reads them from CSV files, and makes maps of them.

A fixation is (y, x) in pixels of the original picture, measured from its upper left corner. So
pixel (0, 0) holds 0 <= y < 1 and 0 <= x < 1.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from iqabench.contract.errors import DataError
from iqabench.kit.tree import composed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRUTH_SIGMA = 0.04
"""Standard deviation of the blur of a map of fixations, as a share of the picture's shorter side.
It is used where a set's pixels per degree of visual angle are not known."""
EVERY = ""
"""Key of all fixations of a file that holds those of one picture only."""


def read_fixations(path: Path, image: str) -> NDArray[np.float64]:
    """The fixations on a picture, (N, 2), (y, x) in its pixels, in the file's order.

    Args:
        path: CSV with the columns ``y`` and ``x``. If it holds several pictures, its column
            ``image`` names the picture of each row. Other columns are ignored. The file is parsed
            again only if it has changed.
        image: the picture's path below the set's root. The file may leave out the first folders of
            this path.

    Raises:
        DataError: the file cannot be parsed, lacks a column or the picture, or holds a coordinate
            that is no finite number.
        FileNotFoundError: the file is missing.
    """
    found = fixations_by_image(path)
    parts = PurePosixPath(composed(image)).parts
    for key in (EVERY, *("/".join(parts[skipped:]) for skipped in range(len(parts)))):
        if key in found:
            return found[key]
    raise DataError(
        f"{path.name} has no fixations on {image}",
        f"it names pictures such as {next(iter(found), 'none')}",
    )


def fixations_by_image(path: Path) -> Mapping[str, NDArray[np.float64]]:
    """Name of a picture in the file -> its fixations, (N, 2), as :func:`read_fixations` gives them.

    A file without the column ``image`` gives one entry, with the key :data:`EVERY`.
    """
    state = path.stat()
    return _parsed(path, (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns))


def pixels(fixations: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.intp]:
    """The pixels that hold the fixations, (N, 2), (y, x), without fixations outside the picture.

    Args:
        fixations: (M, 2), (y, x).
        size: (height, width) of the picture.
    """
    import numpy as np

    places = np.floor(fixations)
    inside = ((places >= 0) & (places < size)).all(axis=1)
    return places[inside].astype(np.intp)


def blurred(
    fixations: NDArray[np.float64], size: tuple[int, int], sigma: float
) -> NDArray[np.float32]:
    """A map of fixations: the sum of a Gaussian at the pixel of each, scaled to a maximum of 1.

    Args:
        fixations: (N, 2), (y, x) in pixels of the map.
        size: (height, width) of the map.
        sigma: standard deviation of the Gaussians in pixels, more than 0; one degree of visual
            angle is usual.

    Returns:
        (H, W) float32; zero everywhere if no fixation lies inside.
    """
    import numpy as np

    def bells(length: int, centres: NDArray[np.intp]) -> NDArray[np.float32]:
        distance = (np.arange(length) - centres[:, None]) / sigma
        return np.exp(-(distance**2) / 2).astype(np.float32)

    places = pixels(fixations, size)
    # A Gaussian in (y, x) is a product of two in y and x, so their sum is a product of matrices.
    found = bells(size[0], places[:, 0]).T @ bells(size[1], places[:, 1])
    return found / found.max() if len(places) else found


@lru_cache(maxsize=1024)
def _parsed(path: Path, stamp: tuple[int, ...]) -> Mapping[str, NDArray[np.float64]]:
    import numpy as np

    try:
        found = _grouped(path, path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not UTF-8", "save it as UTF-8") from error
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read: {error}", "is it a whole CSV file?"
        ) from error
    arrays = {name: np.array(places).reshape(-1, 2) for name, places in found.items()}
    for array in arrays.values():
        array.flags.writeable = False  # all readers of the file share the array
    return arrays


def _grouped(path: Path, text: str) -> dict[str, list[tuple[float, float]]]:
    separator = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text), delimiter=separator, skipinitialspace=True)
    header = rows.fieldnames or ()
    missing = [name for name in ("y", "x") if name not in header]
    if missing:
        raise DataError(
            f"{path.name} lacks the columns {', '.join(missing)}",
            f"it has {', '.join(header) or 'none'}",
        )
    if "image" not in header:
        return {EVERY: [_place(row, path, rows.line_num) for row in rows]}
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        if not row["image"]:
            raise DataError(
                f"{path.name}, line {rows.line_num}: no image", "fill it in or drop the row"
            )
        found.setdefault(composed(row["image"]), []).append(_place(row, path, rows.line_num))
    return found


def _place(row: Mapping[str, str], path: Path, line: int) -> tuple[float, float]:
    return _number(row, "y", path, line), _number(row, "x", path, line)


def _number(row: Mapping[str, str], column: str, path: Path, line: int) -> float:
    text = row[column]
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(
            f"{path.name}, line {line}: {column} is no number: {text!r}",
            "y and x are pixels of the original picture",
        )
    return value
