"""Lays a map over a picture, and draws the picture, its saliency map and both, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 1024
"""Most pixels of the longer side of a drawn part; larger pictures are scaled down."""
SPOT = 150
"""A spot is drawn at least 1/150 of the longer side wide: maps of single pixels would vanish."""
OPACITY = 0.75
"""Opacity of the map's maximum over the picture; opacity grows with the root of the value, so that
faint places are seen, too."""
NOTE = "Bright places draw many looks, dark ones few; the map is scaled to its maximum."


def draw(
    picture: NDArray[np.uint8], saliency: NDArray[np.float32], path: Path, title: str, provider: str
) -> None:
    """Write a sheet of the picture, the map and the overlay as one PNG.

    Args:
        picture: (H, W, 3).
        saliency: (H, W) in [0, 1].
        path: the file to write; its folder is made if it does not exist.
        title: the title of the sheet.
        provider: whose map it is.

    Raises:
        UsageError: the file cannot be written.
    """
    from iqabench.report.sheets import sheet

    small, found = fitting(picture, SIDE), visible_spots(saliency)
    both = laid_over(small, fitting(found, SIDE))
    parts = [("picture", small), (provider, found), ("map over picture", both)]
    sheet([parts], path, title, NOTE)


def visible_spots(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    """The map, (H, W) not below 0, with maximum 1 and spots wide enough to be seen."""
    from scipy.ndimage import maximum_filter

    most = float(saliency.max())
    scaled = saliency / most if most > 0 else saliency
    wide: NDArray[np.float32] = maximum_filter(scaled, 1 + 2 * (max(saliency.shape) // (2 * SPOT)))
    return wide


def laid_over(picture: NDArray[Any], plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A map in colours over a picture, which stays as it is where the map is 0.

    Args:
        picture: (H, W, 3), uint8 or float in [0, 1].
        plane: (H, W) in [0, 1].

    Returns:
        (H, W, 3).
    """
    import matplotlib as mpl
    import numpy as np

    below = picture.astype(np.float32) / (255 if picture.dtype == np.uint8 else 1)
    opacity = OPACITY * np.sqrt(plane)[..., None]
    mixed = (1 - opacity) * below + opacity * mpl.colormaps[canvas.MAP](plane)[..., :3]
    found: NDArray[np.uint8] = np.rint(255 * mixed).astype(np.uint8)
    return found


def fitting(pixels: NDArray[Any], side: int) -> NDArray[Any]:
    """A picture or map whose longer side has at most ``side`` pixels."""
    import numpy as np
    from PIL import Image, ImageOps

    if max(pixels.shape[:2]) <= side:
        return pixels
    how = Image.Resampling.BICUBIC if pixels.ndim == 3 else Image.Resampling.NEAREST
    return np.asarray(ImageOps.contain(Image.fromarray(pixels), (side, side), how))
