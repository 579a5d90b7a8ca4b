"""Makes a data set of a user's photos: distorted pictures with proxy labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

from iqabench.contract.errors import DataError, UsageError
from iqabench.contract.progress import Tick
from iqabench.data.decoding import decode
from iqabench.data.picture_files import find_pictures
from iqabench.data.tables import Dataset
from iqabench.kit.distort import DISTORTIONS, Distortion, find
from iqabench.kit.synthesis import LABELS, LONG_SIDE, Photo, reduced, synthesize
from iqabench.kit.tree import composed, refuse_unsafe
from iqabench.sets.binding import bind, check_new, user_root

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("image", "reference", "content", "distortion", "level", "mos")


def make(
    photos: Path,
    name: str,
    kinds: Sequence[Distortion],
    levels: Sequence[float],
    *,
    root: Path | None,
    seed: int,
    long_side: int = LONG_SIDE,
    catalog: Path,
    tick: Tick | None = None,
    say: Callable[[str], None] | None = None,
) -> Dataset:
    """Make a data set of a folder's photos and write it into a catalogue.

    Args:
        photos: a folder; its subfolders are searched, too.
        name: the name of the new set.
        kinds: the distortions.
        levels: the levels of distortion, 1 to 5.
        root: the folder to make; None takes a folder below ``$IQABENCH_DATA`` or the user's data
            folder.
        seed: seed of all random choices; the noise in a photo does not depend on other photos.
        long_side: pixels; photos with a longer side are scaled down to it.
        catalog: the catalogue to write.
        tick: shows progress.
        say: is told of files that are no pictures.

    Raises:
        CatalogError: the name is taken, or the catalogue cannot be written.
        DataError: the folder exists already, or a photo cannot be used.
        UsageError: the folder holds no photo.
    """
    check_new(name, catalog)
    root = (root or user_root(name)).absolute()
    if root.exists():
        raise DataError(f"{root} is there already", "name another place with --root")
    files = find_pictures([photos])
    if files.note and say is not None:
        say(files.note)
    found = [
        Photo(content, crc32(f"{seed}\0{content}".encode()), partial(_load, path, long_side))
        for path in files.pictures
        for content in [_content(path, photos)]
    ]
    try:
        synthesize(root, found, [kind.slug for kind in kinds], levels, tick)
    except OSError as error:
        raise DataError(f"cannot write {root}: {error}", "name another --root") from error
    return bind(name, _entry(root, len(found), kinds, levels, seed), catalog, tick)


def parse_kinds(text: str) -> list[Distortion]:
    """Parse ``all``, or comma-separated numbers, names or slugs of KADID-10k's distortions.

    Each distortion is taken once.

    Raises:
        UsageError: a distortion is unknown.
    """
    if text.strip() == "all":
        return list(DISTORTIONS)
    found = [find(part) for part in text.split(",")]
    return list(dict.fromkeys(found))


def parse_levels(text: str) -> list[float]:
    """Parse levels such as ``1-5``, ``1,3,5`` or ``2.5``.

    Levels are in rising order, each once; whole numbers are integers.

    >>> parse_levels("4-5,1,2.5")
    [1, 2.5, 4, 5]

    Raises:
        UsageError: a level is no number from 1 to 5.
    """
    found: set[float] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        try:
            found |= set(range(int(low), int(high) + 1)) if high else {float(low)}
        except ValueError:
            found.add(0)
    if not found or not all(1 <= level <= 5 for level in found):
        raise UsageError(f"no levels in '{text}'", "write 1-5 or 1,3,5; levels run from 1 to 5")
    return [int(level) if level == int(level) else level for level in sorted(found)]


def _content(path: Path, folder: Path) -> str:
    inside = path.relative_to(folder) if folder.is_dir() else Path(path.name)
    content = composed("-".join(inside.with_suffix("").parts))
    refuse_unsafe(content)
    return content


def _load(path: Path, long_side: int) -> NDArray[np.uint8]:
    from PIL import Image

    return reduced(Image.fromarray(decode(path).pixels), long_side)


def _entry(
    root: Path, photos: int, kinds: Sequence[Distortion], levels: Sequence[float], seed: int
) -> dict[str, object]:
    """The set's entry in the catalogue."""
    types = "all types" if len(kinds) == len(DISTORTIONS) else f"{len(kinds)} types"
    return {
        "reader": "csv",
        "root": str(root),
        "title": f"{photos} photos, {types}, levels {', '.join(f'{x:g}' for x in levels)}, "
        f"seed {seed}; synthesized",
        "labels": LABELS,
        "columns": {name: name for name in COLUMNS},
        "label_kind": "proxy",
        "score_range": [0, 100],
        "unordered": [kind.slug for kind in kinds if not kind.monotone],
    }
