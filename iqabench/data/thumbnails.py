"""Small pictures for pages."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

QUALITY = 60
"""Quality setting of the WebP files, 0 to 100."""
MAP_SIDE = 96
"""Pixels of a map's longer side; a browser smooths it as it enlarges it."""
GLOW = (255, 90, 0)
"""RGB of a map, where it is not transparent."""


def thumbnail(pixels: NDArray[np.uint8], side: int) -> bytes:
    """A picture, (H, W, 3), as a WebP file whose longer side has at most ``side`` pixels."""
    from PIL import Image

    return _webp(Image.fromarray(pixels), side)


def glow(plane: NDArray[np.float32]) -> bytes:
    """A map, (H, W) not below 0, as a WebP file of one colour: the higher, the less transparent."""
    import numpy as np
    from PIL import Image

    alpha = (255 * plane / max(float(plane.max()), 1e-12)).round().astype(np.uint8)
    coloured = np.full((*alpha.shape, 3), GLOW, np.uint8)
    return _webp(Image.fromarray(np.dstack([coloured, alpha])), MAP_SIDE)


def webp_url(content: bytes) -> str:
    """A WebP file as a data URL."""
    return "data:image/webp;base64," + base64.b64encode(content).decode()


def _webp(picture: Image.Image, side: int) -> bytes:
    picture.thumbnail((side, side))
    stream = io.BytesIO()
    picture.save(stream, "WEBP", quality=QUALITY)
    return stream.getvalue()
