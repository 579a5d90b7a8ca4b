"""Fixations, the places where people looked: reads them from label files, and makes maps of them.

A fixation is (y, x) in pixels of the original picture, measured from its upper left corner. So
pixel (0, 0) holds 0 <= y < 1 and 0 <= x < 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from iqabench.contract.errors import DataError
from iqabench.kit.label_files import PLACES, Places, labels
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
        path: a label file with the columns ``y`` and ``x``. If it holds several pictures, its
            column ``image`` names the picture of each row. Other columns are ignored. The file is
            parsed again only if it has changed.
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

    file = labels(path.read_bytes(), path.name)
    file.need(("y", "x"))
    named = "image" in file.columns
    table = file.frame({name: name for name in ("image", "y", "x")[not named :]}, ("y", "x"))
    places: Places = table.attrs[PLACES]
    found: dict[str, list[tuple[float, float]]] = {} if named else {EVERY: []}
    names = table["image"] if named else [EVERY] * len(table)
    for line, name, y, x in zip(table.index, names, table["y"], table["x"], strict=True):
        if named and not isinstance(name, str):
            raise DataError(f"{places.of(line, 'image')}: no image", "fill it in or drop the row")
        for column, value in (("y", y), ("x", x)):
            if isinstance(value, str) or value is None or not math.isfinite(value):
                raise DataError(
                    f"{places.of(line, column)}: {column} is no number: {value!r}",
                    "y and x are pixels of the original picture",
                )
        found.setdefault(composed(name), []).append((float(y), float(x)))
    arrays = {name: np.array(some).reshape(-1, 2) for name, some in found.items()}
    for array in arrays.values():
        array.flags.writeable = False  # all readers of the file share the array
    return arrays
