"""The built-in demo set: photographs from scientific packages, with KADID-10k's distortions.

Its labels come from a full-reference proxy (:mod:`iqabench.kit.proxy`), not from people.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import table
from iqabench.kit.places import shipped_file
from iqabench.kit.synthesis import LABELS, LONG_SIDE, Photo, Progress, reduced, synthesize
from iqabench.kit.tree import Tree

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


def build(root: Path, progress: Progress | None = None) -> None:
    """Make the set's files below ``root`` if they do not exist; a failure leaves no partial set.

    Raises:
        DataError: a package does not contain its photograph, or the folder holds something else or
            cannot be written.
    """
    if (root / LABELS).exists():
        return
    if root.exists():
        raise DataError(
            f"cannot build the demo set at {root}: the folder is there and is no demo set",
            "name another root, or none: then it is built in the cache",
        )
    photos = [
        Photo(content, seed, partial(_photo, where))
        for seed, (content, where) in enumerate(PHOTOS.items())
    ]
    try:
        synthesize(root, photos, TYPES, LEVELS, progress, "building demo")
    except OSError as error:
        raise DataError(
            f"cannot build the demo set at {root}: {error}",
            "set $IQABENCH_CACHE to a folder that can be written",
        ) from error


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the built set."""
    words = ("image", "reference", "content", "distortion")
    return table(Tree(root), LABELS, words, ("level", "mos"))


def _photo(where: str) -> NDArray[np.uint8]:
    """An RGB photograph whose longer side is at most ``LONG_SIDE`` pixels."""
    from PIL import Image

    package, _, inside = where.partition(":")
    path = shipped_file(where)
    if path is None or not path.is_file():
        raise DataError(
            f"{package} does not ship {inside}", f"install another version of {package}"
        )
    with Image.open(path) as picture:
        return reduced(picture, LONG_SIDE)
