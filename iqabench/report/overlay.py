"""Draws a picture, its saliency map, and the map laid over the picture, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.store.files import write_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 1024
"""Most pixels of the longer side of each part; larger pictures are scaled down."""
OPACITY = 0.75
"""Opacity of the map's maximum over the picture; opacity is proportional to the map's value."""


def draw(picture: NDArray[np.uint8], saliency: NDArray[np.float32], path: Path) -> None:
    """Write the picture, the map and the overlay as one PNG.

    Args:
        picture: (H, W, 3).
        saliency: (H, W) in [0, 1]; 0 is drawn dark, 1 bright yellow.
        path: the file to write; its folder is made if it does not exist.

    Raises:
        UsageError: the file cannot be written.
    """
    import matplotlib as mpl
    import numpy as np
    from PIL import Image, ImageOps

    photo = Image.fromarray(picture)
    heat = Image.fromarray(mpl.colormaps["inferno"](saliency, bytes=True)[..., :3])
    both = Image.composite(heat, photo, Image.fromarray(np.uint8(255 * OPACITY * saliency)))
    parts = [
        ImageOps.contain(part, (SIDE, SIDE)) if max(part.size) > SIDE else part
        for part in (photo, heat, both)
    ]
    width, height = parts[0].size
    sheet = Image.new("RGB", (3 * width, height))
    for number, part in enumerate(parts):
        sheet.paste(part, (number * width, 0))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, lambda stream: sheet.save(stream, format="PNG"))
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}", "name another folder with -o"
        ) from error
