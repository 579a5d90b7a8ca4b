"""The data by which a picture is compared: a small grey copy and local features, computed once."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.data.decoding import DECODING
from iqabench.data.picture_cache import cached
from iqabench.kit.places import cache_dir
from iqabench.store.files import write_atomically
from iqabench.store.fingerprints import digest, package_version

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Rises when the features of a picture change; part of the cache's key."""
SIDE = 256
"""Local features are found in a copy with the area of a square of this side, in pixels."""
GREY_SIDE = 96
"""The kept grey copy has the area of a square of this side, in pixels."""
MOST_ENLARGED = 2.0
CONTRAST = 0.006
"""Least contrast of a SIFT extremum; half of scikit-image's default, for blurred pictures."""
MOST_POINTS = 512
"""Largest number of features. The coarsest are kept, because a smaller copy still has them."""


@dataclass(frozen=True)
class Features:
    """The data by which one picture is compared.

    Lengths are in units of the square root of the picture's area. So they do not depend on the size
    of the copy.
    """

    extent: NDArray[np.float32]
    """(2,): width and height of the picture, whose product is 1."""
    grey: NDArray[np.uint8]
    """(h, w), about ``GREY_SIDE ** 2`` pixels."""
    points: NDArray[np.float32]
    """(K, 4): x, y, scale, and orientation in radians from the y axis towards the x axis."""
    descriptors: NDArray[np.uint8]
    """(K, 128) SIFT."""


def features(path: Path, content_hash: str) -> Features:
    """The features of a picture file. They are read from the cache, or computed and stored there.

    Raises:
        DataError: the file is no picture, or is damaged.
    """
    import numpy as np

    place = _folder() / content_hash[:2] / f"{content_hash}.npz"
    try:
        with np.load(place, allow_pickle=False) as kept:
            return Features(**kept)
    except (FileNotFoundError, ValueError, TypeError, EOFError, zipfile.BadZipFile):
        made = compute(np.asarray(cached(path, content_hash).pixels))
    place.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place, lambda part: _save(part, made))
    return made


def compute(picture: NDArray[np.uint8]) -> Features:
    """The features of a picture, (H, W, 3) uint8 RGB.

    SIFT (Lowe, IJCV 2004) by scikit-image.
    """
    import numpy as np
    from skimage.feature import SIFT

    grey = _resized(picture, SIDE)
    extent = np.array(picture.shape[1::-1]) / (picture.shape[0] * picture.shape[1]) ** 0.5
    make: Any = SIFT
    sift = make(upsampling=1, c_dog=CONTRAST)
    try:
        sift.detect(grey / 255.0)
        # scikit-image's orientations are half a bin too large; mirroring reverses this error.
        sift.orientations -= np.pi / sift.n_bins
        sift.extract(grey / 255.0)
    except RuntimeError:  # SIFT raises this if there are no extrema
        points, descriptors = np.empty((0, 4)), np.empty((0, 128))
    else:
        coarse = np.argsort(-sift.sigmas, kind="stable")[:MOST_POINTS]
        places = (sift.positions[:, ::-1] + 0.5) * extent / grey.shape[::-1]
        scales = sift.sigmas / np.sqrt(grey.size)
        points = np.column_stack([places, scales, sift.orientations])[coarse]
        descriptors = sift.descriptors[coarse]
    return Features(
        extent.astype(np.float32),
        _resized(picture, GREY_SIDE),
        points.astype(np.float32),
        descriptors.astype(np.uint8),
    )


def _resized(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A grey copy with the area of a square of that side, enlarged by at most ``MOST_ENLARGED``."""
    import numpy as np
    from PIL import Image

    height, width = picture.shape[:2]
    factor = min(side / (height * width) ** 0.5, MOST_ENLARGED)
    size = max(8, round(width * factor)), max(8, round(height * factor))
    grey = Image.fromarray(picture).convert("L")
    return np.asarray(grey.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _folder() -> Path:
    fields = {
        "version": VERSION,
        "decoding": DECODING,
        "packages": {name: package_version(name) for name in ("scikit-image", "pillow")},
    }
    return cache_dir() / "audit" / f"features-{digest(fields)}"


def _save(part: Path, made: Features) -> None:
    import numpy as np

    with part.open("wb") as stream:
        np.savez(stream, **vars(made))
