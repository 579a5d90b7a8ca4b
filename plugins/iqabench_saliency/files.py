"""Reads maps from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError
from iqabench.kit.truncation import accepting_truncated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
SUFFIXES = (".npy", ".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".pgm")

PHOTOMETRIC, SAMPLE_FORMAT = 262, 339
"""Tags of TIFF."""
WHITE_IS_ZERO, SIGNED = 0, 2


def read_map(path: Path, size: tuple[int, int]) -> NDArray[np.float32]:
    """The map in a picture file or a ``.npy``, resized and divided by its maximum.

    Colours count as their luma; 16-bit and floating-point pictures keep their values.

    Returns:
        (H, W) in [0, 1] with maximum 1.

    Raises:
        DataError: the file holds no map: no two sides, values below zero, NaN or infinity.
    """
    import numpy as np
    import torch

    from iqabench.kit.saliency import peak_at_one

    try:
        found = np.squeeze(_npy(path) if path.suffix == ".npy" else _picture(path))
    except Exception as error:  # on damaged files Pillow lets errors of almost any type escape
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise DataError(f"cannot read the map {path.name}: {reason}", f"look at {path}") from error
    if found.ndim == 0:
        found = found.reshape(1, 1)
    if found.ndim != 2 or not np.isfinite(found).all() or found.min() < 0:
        raise DataError(
            f"{path.name} is no saliency map", "a map has two sides and finite values from 0 up"
        )
    scaled = found.astype(np.float32)
    maps = peak_at_one(torch.from_numpy(scaled)[None, None], size)[0, 0]
    return np.asarray(maps.numpy())


def _npy(path: Path) -> NDArray[Any]:
    import numpy as np

    found: NDArray[Any] = np.load(path, allow_pickle=False)
    if found.dtype.kind not in "biuf":
        raise ValueError(f"an array of {found.dtype}")
    return found


def _picture(path: Path) -> NDArray[Any]:
    import numpy as np
    from PIL import Image

    with accepting_truncated(False), Image.open(path, formats=FORMATS) as picture:
        deep = picture.mode == "F" or picture.mode.startswith("I")
        found = np.asarray(picture if deep else picture.convert("L"))
        tags = getattr(picture, "tag_v2", {})
        if SIGNED in tags.get(SAMPLE_FORMAT, ()) and not deep:
            raise ValueError("Pillow misreads signed 8-bit pixels")
        if deep and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO:  # Pillow inverts 8 bits only
            if found.dtype != np.uint16:
                raise ValueError("white is zero, and nothing says what is black")
            return np.iinfo(np.uint16).max - found
        return found
