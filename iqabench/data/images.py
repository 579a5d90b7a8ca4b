"""One decoder for all pictures, and a cache that decodes each only once.

The cache holds one ``.npy`` of uint8 RGB per picture, named by the content hash of the file, so
that copies share it and a changed file never meets a stale picture. Files are written whole or not
at all and memory-mapped when read, so the operating system decides what stays in memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import DataError
from iqabench.kit.places import cache_dir
from iqabench.store.folder import write_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECODING = "pillow-rgb-2"
"""Names how pictures are decoded; part of the cache's key."""


def decode(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to RGB, (H, W, 3) uint8, turned upright as its EXIF tag says.

    Raises:
        DataError: the file is no picture, or is damaged.
    """
    import numpy as np
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            upright = ImageOps.exif_transpose(picture)
            if upright.mode.startswith("I;16"):  # Pillow would clip it to 255
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            if upright.mode in ("I", "F"):
                raise ValueError(f"mode {upright.mode} has no range that 8 bits could keep")
            return np.array(upright.convert("RGB"))
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"cannot decode {path.name}: {error}", f"look at {path}") from error


def cached(path: Path, content_hash: str) -> NDArray[np.uint8]:
    """The decoded picture, from the cache or into it; memory-mapped, changes are not kept."""
    import numpy as np

    place = cache_dir() / "images" / DECODING / content_hash[:2] / f"{content_hash}.npy"
    try:
        return np.load(place, mmap_mode="c", allow_pickle=False)  # type: ignore[no-any-return]
    except (FileNotFoundError, ValueError, EOFError):
        picture = decode(path)
        write_array(place, picture)
        return picture
