"""The data by which a picture is compared: a small grey copy and local features."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.data.decoding import MAX_PIXELS, decode_bytes, read_bytes
from iqabench.kit.truncation import accepting_truncated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 2
"""Rises when the features of a picture change; part of the cache's key."""
PACKAGES = ("numpy", "opencv-python-headless", "pillow")
"""The packages by which features are computed; their versions are part of the cache's key."""
SIDE = 144
"""Local features are found in a copy with the area of a square of this side, in pixels. SIFT itself
doubles the copy, so that it finds spots of 0.8 pixels and more."""
GREY_SIDE = 96
"""The kept grey copy has the area of a square of this side, in pixels."""
MOST_ENLARGED = 2.0
CONTRAST = 0.006
"""Least contrast of a SIFT extremum; a sixth of OpenCV's default, for blurred pictures."""
MOST_POINTS = 256
"""Largest number of features. Those of most contrast are kept."""
JPEG = b"\xff\xd8\xff"


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
    """(K, 4): x, y, scale, and orientation in radians from the x axis towards the y axis."""
    descriptors: NDArray[np.uint8]
    """(K, 128) SIFT."""


def features(path: Path) -> Features:
    """The features of a picture file, which is read anew.

    Raises:
        DataError: the file is no picture, or is damaged.
    """
    return compute(*_copies(path))


def compute(picture: NDArray[np.uint8], size: tuple[int, int] | None = None) -> Features:
    """The features of a picture, by OpenCV's SIFT (Lowe, IJCV 2004).

    Args:
        picture: (H, W) grey or (H, W, 3) RGB.
        size: width and height of the original if the picture is a smaller copy.
    """
    import cv2
    import numpy as np

    cv2.setNumThreads(1)  # pictures are computed in threads already
    width, height = size or picture.shape[1::-1]
    extent = np.array((width, height)) / math.sqrt(width * height)
    grey = _resized(picture, SIDE, (width, height))
    make: Any = cv2  # whose stubs lack SIFT
    sift = make.SIFT_create(
        nfeatures=MOST_POINTS, contrastThreshold=CONTRAST, enable_precise_upscale=True
    )
    found, descriptors = sift.detectAndCompute(grey, None)
    points = np.array([(*one.pt, one.size / 2, math.radians(one.angle)) for one in found])
    points = points.reshape(-1, 4)
    points[:, :2] = (points[:, :2] + 0.5) * extent / grey.shape[::-1]
    points[:, 2] /= math.sqrt(grey.size)
    if descriptors is None:
        descriptors = np.empty((0, 128))
    return Features(
        extent.astype(np.float32),
        _resized(picture, GREY_SIDE, (width, height)),
        points.astype(np.float32),
        descriptors.astype(np.uint8),
    )


def _copies(path: Path) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """A picture file's pixels, perhaps reduced, and the picture's full size.

    Of a JPEG only the brightness is decoded, at no more than the needed size: libjpeg leaves out
    the finer frequencies. What that cannot read is decoded as everywhere else.
    """
    content = read_bytes(path)
    found = _reduced(content) if content.startswith(JPEG) else None
    if found is None:
        pixels = decode_bytes(content, path).pixels
        found = pixels, (pixels.shape[1], pixels.shape[0])
    return found


def _reduced(content: bytes) -> tuple[NDArray[np.uint8], tuple[int, int]] | None:
    """The brightness of a JPEG, halved as often as its use allows, and the picture's full size.

    None for what another decoder has to read or to refuse: colours that are not RGB or grey, a
    picture to be turned, too many pixels, damage.
    """
    import numpy as np
    from PIL import ExifTags, Image

    try:
        with (
            accepting_truncated(False),
            Image.open(io.BytesIO(content), formats=["JPEG"]) as picture,
        ):
            size = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) != 1
            if picture.mode not in ("L", "RGB") or turned or size[0] * size[1] > MAX_PIXELS:
                return None
            picture.draft("L", _target(size, SIDE))
            return np.asarray(picture.convert("L")), size
    except Exception:  # Pillow raises errors of almost any type on damaged files
        return None


def _resized(picture: NDArray[np.uint8], side: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A grey copy with the area of a square of that side, enlarged by at most ``MOST_ENLARGED``."""
    import numpy as np
    from PIL import Image

    grey = Image.fromarray(picture).convert("L")
    target = _target(size, side)
    return np.asarray(grey.resize(target, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _target(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of the copy of a picture of that size."""
    factor = min(side / math.sqrt(size[0] * size[1]), MOST_ENLARGED)
    return max(8, round(size[0] * factor)), max(8, round(size[1] * factor))
