"""What a picture is compared by: a small grey copy and its local features, computed once."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.data.images import DECODING
from iqabench.data.pixels import cached
from iqabench.kit.places import cache_dir
from iqabench.store.fingerprints import digest, package_version
from iqabench.store.folder import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Changes when the features of a picture do; part of the cache's key."""
SIDE = 256
"""Local features are found in a copy as large as a square of this side, in pixels."""
GREY_SIDE = 96
"""Side of the square that the kept grey copy is as large as."""
MOST_ENLARGED = 2.0
CONTRAST = 0.006
"""Least contrast of a SIFT extremum; half of scikit-image's own, for soft pictures."""
MOST_POINTS = 512
"""The coarsest are kept: they survive where a copy is smaller."""


@dataclass(frozen=True)
class Features:
    """What one picture is compared by.

    Lengths are in units of the square root of the picture's area, so that they need not know how
    large any copy was.
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
    """The features of a picture file, from the cache or into it.

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
        # Its orientations are half a bin too large, which a mirrored picture turns round.
        sift.orientations -= np.pi / sift.n_bins
        sift.extract(grey / 255.0)
    except RuntimeError:  # its way to say that there are no extrema
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
    """A grey copy as large as a square of that side, if it need not be enlarged too much."""
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
