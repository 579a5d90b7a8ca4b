"""A picture, its saliency map, and the map laid over the picture, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.store.folder import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 1024
"""Pixels of the longer side of each of the three; larger pictures are made smaller."""
OPACITY = 0.75
"""Of the map's maximum where it lies over the picture; lower values are the more transparent."""


def draw(picture: NDArray[np.uint8], saliency: NDArray[np.float32], path: Path) -> None:
    """Write the three as one PNG, making its folder.

    Args:
        picture: (H, W, 3).
        saliency: (H, W) in [0, 1]; dark to bright yellow.
        path: the file to write.

    Raises:
        UsageError: it cannot be written.
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
        write_atomically(path, lambda part: sheet.save(part, format="PNG"))
    except OSError as error:
        raise UsageError(
            f"cannot write {path}: {error.strerror or error}", "name another folder with -o"
        ) from error
