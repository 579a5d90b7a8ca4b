"""Makes a data set from photographs: every distortion at every level, proxy labels, PNG files.

The demo set and ``iqabench datasets synthesize`` are both made by this module.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from iqabench.contract.errors import DataError
from iqabench.kit.distort import distort, find
from iqabench.kit.processors import cores

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

LABELS = "labels.csv"
LONG_SIDE = 512
"""Longer side, in pixels, of KADID-10k's pictures, for which its levels were chosen."""

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Photo:
    """A pristine picture of a set to be made."""

    content: str
    """The content; the names of the photo's files begin with it."""
    seed: int
    """Seed of the random choices in the photo's distortions."""
    load: Callable[[], NDArray[np.uint8]]
    """Returns the picture, (H, W, 3) uint8 RGB."""


def synthesize(
    root: Path,
    photos: Sequence[Photo],
    kinds: Sequence[str | int],
    levels: Sequence[float],
    tick: Progress | None = None,
    what: str = "synthesizing",
) -> None:
    """Make ``labels.csv`` and ``images/`` below ``root``, unless the labels exist already.

    The set is made in ``ROOT.part``, which is renamed at the end. So ``root`` is complete or
    absent. After an interruption, the next call begins at the first unfinished photo, if settings
    and libraries are the same.

    Args:
        root: the folder to make.
        photos: pristine pictures.
        kinds: distortions, as :func:`iqabench.kit.distort.find` understands them.
        levels: 1 to 5, fractions included.
        tick: called with (done, total, what).
        what: third argument of ``tick``.

    Raises:
        DataError: two pictures would have one name.
        OSError: the folder cannot be written.
    """
    _distinct(photos, kinds, levels)
    root.parent.mkdir(parents=True, exist_ok=True)
    lock = root.with_name(root.name + ".lock")
    with FileLock(lock):
        if (root / LABELS).exists():  # another process made it meanwhile
            return
        part = root.with_name(root.name + ".part")
        _make(
            part,
            photos,
            kinds,
            levels,
            lambda done, total: tick(done, total, what) if tick else None,
        )
        part.rename(root)
        with suppress(OSError):  # it stays if the system cannot remove an open file
            lock.unlink()


def reduced(picture: Image.Image, long_side: int = LONG_SIDE) -> NDArray[np.uint8]:
    """A picture as (H, W, 3) uint8 RGB, its longer side scaled down to at most ``long_side``."""
    import numpy as np
    from PIL import Image

    small = picture.convert("RGB")
    small.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _distinct(photos: Sequence[Photo], kinds: Sequence[str | int], levels: Sequence[float]) -> None:
    seen: set[str] = set()
    for photo in photos:
        names = [_reference(photo), *(_name(photo, k, level) for k in kinds for level in levels)]
        for name in names:
            if name in seen:
                raise DataError(f"two pictures would be called {name}", "rename a photo")
            seen.add(name)


def _reference(photo: Photo) -> str:
    return f"images/{photo.content}.png"


def _name(photo: Photo, kind: str | int, level: float) -> str:
    return f"images/{photo.content}_{find(kind).id:02d}_{level:02g}.png"


def _make(
    part: Path,
    photos: Sequence[Photo],
    kinds: Sequence[str | int],
    levels: Sequence[float],
    tick: Callable[[int, int], None],
) -> None:
    import pandas as pd

    journal = part / "journal.jsonl"
    finished = _resume(part, journal, _settings(kinds, levels))
    each = len(kinds) * len(levels)
    rows: list[dict[str, Any]] = []
    for photo in photos:
        reference = photo.load()
        pixels = hashlib.sha256(repr(reference.shape).encode() + reference.tobytes()).hexdigest()
        key = json.dumps([photo.content, photo.seed, pixels])
        if key in finished:
            rows += finished[key]
            tick(len(rows), each * len(photos))
            continue
        with closing(_rows(part, photo, reference, kinds, levels)) as made:
            for row in made:
                rows.append(row)
                tick(len(rows), each * len(photos))
        with journal.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps([key, rows[-each:]]) + "\n")
    pd.DataFrame(rows).to_csv(part / LABELS, index=False)
    _remove_strays(part, {*(row["image"] for row in rows), *map(_reference, photos)})
    journal.unlink()


def _settings(kinds: Sequence[str | int], levels: Sequence[float]) -> dict[str, Any]:
    """Everything that decides a photo's rows, except the photo itself."""
    packages = ("iqabench", "numpy", "scipy", "scikit-image", "pillow", "piq", "torch")
    return {
        "kinds": [find(kind).id for kind in kinds],
        "levels": list(levels),
        "versions": {name: version(name) for name in packages},
    }


def _resume(part: Path, journal: Path, settings: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Rows of the photos that an interrupted run finished; none if its settings were others."""
    if part.exists() and any(part.iterdir()) and not journal.exists():
        raise FileExistsError(f"{part} is in the way")
    lines = journal.read_text(encoding="utf-8").splitlines(True) if journal.exists() else []
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    finished = dict(whole[1:]) if whole and whole[0] == settings else {}
    if not finished:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    with journal.open("w", encoding="utf-8") as stream:  # leaves out an incomplete last line
        for line in (settings, *finished.items()):
            stream.write(json.dumps(line) + "\n")
    (part / "images").mkdir(exist_ok=True)
    return finished


def _rows(
    part: Path,
    photo: Photo,
    reference: NDArray[np.uint8],
    kinds: Sequence[str | int],
    levels: Sequence[float],
) -> Generator[dict[str, Any]]:
    """Write a photo's pictures; yields their rows. Pictures are made on all cores, in threads.

    Nearly all of the work is done by libraries that release Python's global lock.
    """
    from PIL import Image

    from iqabench.kit.proxy import ProxyQuality

    quality = ProxyQuality(reference)

    def row(made: tuple[str | int, float]) -> dict[str, Any]:
        kind, level = made
        image = distort(reference, kind, level, seed=photo.seed)
        name = _name(photo, kind, level)
        Image.fromarray(image).save(part / name, compress_level=1)
        return {
            "image": name,
            "reference": _reference(photo),
            "content": photo.content,
            "distortion": find(kind).slug,
            "level": level,
            "mos": round(quality(image), 4),
        }

    Image.fromarray(reference).save(part / _reference(photo), compress_level=1)
    pool = ThreadPoolExecutor(cores())
    try:
        yield from pool.map(row, [(kind, level) for kind in kinds for level in levels])
    finally:
        pool.shutdown(cancel_futures=True)


def _remove_strays(part: Path, wanted: set[str]) -> None:
    """Remove pictures that an interrupted run made of photos that are no longer wanted."""
    for path in (part / "images").iterdir():
        if path.relative_to(part).as_posix() not in wanted:
            path.unlink()
