"""The built-in set: photographs that scientific packages ship, distorted by KADID-10k's functions.

Its labels are a full-reference proxy (:mod:`iqabench.kit.proxy`), not people's scores.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from iqabench.contract import DataError
from iqabench.kit.distort import distort, find
from iqabench.kit.places import shipped_file

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

PHOTOS = {
    "astronaut": "skimage:data/astronaut.png",
    "chelsea": "skimage:data/chelsea.png",
    "china": "sklearn:datasets/images/china.jpg",
    "coffee": "skimage:data/coffee.png",
    "flower": "sklearn:datasets/images/flower.jpg",
    "grace_hopper": "matplotlib:mpl-data/sample_data/grace_hopper.jpg",
    "motorcycle": "skimage:data/motorcycle_left.png",
    "rocket": "skimage:data/rocket.jpg",
}
TYPES = (
    "gaussian-blur",
    "motion-blur",
    "jpeg2000",
    "jpeg",
    "white-noise",
    "impulse-noise",
    "pixelate",
    "quantization",
)
LEVELS = (1, 2, 3, 4, 5)
LONG_SIDE = 512

Progress = Callable[[int, int, str], None]


def build(root: Path, progress: Progress | None = None) -> None:
    """Make the set's files below ``root``, unless they are there; whole or not at all.

    Raises:
        DataError: a package does not ship its photograph, or the folder cannot be written.
    """
    if (root / "labels.csv").exists():
        return
    if root.exists():
        raise DataError(
            f"cannot build the demo set at {root}: the folder is there and is no demo set",
            "name another root, or none: then it is built in the cache",
        )
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(root.with_name(root.name + ".lock")):
            if (root / "labels.csv").exists():
                return
            part = root.with_name(root.name + ".part")
            shutil.rmtree(part, ignore_errors=True)
            (part / "images").mkdir(parents=True)
            _make(part, progress)
            part.rename(root)
    except OSError as error:
        raise DataError(
            f"cannot build the demo set at {root}: {error}",
            "set $IQABENCH_CACHE to a folder that can be written",
        ) from error


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the built set."""
    import pandas as pd

    return pd.read_csv(root / "labels.csv")


def _make(root: Path, progress: Progress | None) -> None:
    import pandas as pd

    rows = []
    for row in _rows(root):
        rows.append(row)
        if progress is not None:
            progress(len(rows), len(PHOTOS) * len(TYPES) * len(LEVELS), "building demo")
    pd.DataFrame(rows).to_csv(root / "labels.csv", index=False)


def _rows(root: Path) -> Iterator[dict[str, Any]]:
    from PIL import Image

    from iqabench.kit.proxy import proxy_quality

    for seed, (content, where) in enumerate(PHOTOS.items()):
        reference = _photo(where)
        Image.fromarray(reference).save(root / "images" / f"{content}.png", compress_level=1)
        for kind in TYPES:
            for level in LEVELS:
                image = distort(reference, kind, level, seed=seed)
                name = f"images/{content}_{find(kind).id:02d}_{level:02d}.png"
                Image.fromarray(image).save(root / name, compress_level=1)
                yield {
                    "image": name,
                    "reference": f"images/{content}.png",
                    "content": content,
                    "distortion": kind,
                    "level": level,
                    "mos": round(proxy_quality(image, reference), 4),
                }


def _photo(where: str) -> NDArray[np.uint8]:
    """An RGB photograph whose longer side is at most ``LONG_SIDE`` pixels."""
    import numpy as np
    from PIL import Image

    package, _, inside = where.partition(":")
    path = shipped_file(where)
    if path is None or not path.is_file():
        raise DataError(
            f"{package} does not ship {inside}", f"install another version of {package}"
        )
    with Image.open(path) as picture:
        small = picture.convert("RGB")
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    return np.asarray(small)
