"""Pictures as callers give them: files, PIL pictures, arrays and tensors. Nothing imports torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iqabench.contract.errors import UsageError
from iqabench.data.decoding import decode, pixels_of, read_bytes
from iqabench.data.file_hashes import digest
from iqabench.data.picture_files import find_pictures

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8] | NDArray[np.float32]

WANTED = "give paths, PIL pictures, arrays (H, W, 3), or tensors (3, H, W) or (B, 3, H, W)"

OWNED: Final = ("C", "W")
"""In numpy's words: arrays in order of memory that may be written, which torch asks for."""


@dataclass(frozen=True)
class Shown:
    """A picture that was read."""

    name: str
    pixels: Pixels
    """(H, W, 3) RGB: uint8, or float32 in [0, 1]."""
    notes: str
    path: Path | None

    @property
    def content(self) -> str:
        """The hash of the file; for a picture in memory, that of its values."""
        return digest(self.pixels.tobytes() if self.path is None else read_bytes(self.path))


@dataclass(frozen=True)
class Given:
    """A picture to score: a file, or pixels in memory."""

    name: str
    path: Path | None = None
    folder: Path | None = None
    """The folder that was given, if the file was found in one."""
    pixels: Pixels | None = None
    notes: str = ""

    def read(self, allow_truncated: bool = False) -> Shown:
        """The picture's pixels.

        Raises:
            DataError: the file is no picture that can be read.
        """
        if self.path is None:
            if self.pixels is None:
                raise TypeError(f"{self.name} is neither a file nor pixels")
            return Shown(self.name, self.pixels, self.notes, None)
        found = decode(self.path, allow_truncated)
        return Shown(self.name, found.pixels, "; ".join(found.notes), self.path)


def given(images: Any, recursive: bool = False) -> tuple[list[Given], str]:
    """The pictures that ``images`` stands for, and a line on files that were passed over.

    Args:
        images: one picture or several: paths of files and folders, PIL pictures, arrays (H, W, 3)
            of uint8 or of floats in [0, 1], tensors (3, H, W) or (B, 3, H, W) likewise.
        recursive: whether folders below the given ones are entered.

    Raises:
        UsageError: a path does not exist, or something is no picture.
    """
    several = isinstance(images, Sequence) and not isinstance(images, str)
    found: list[Given] = []
    paths: list[Path] = []
    for one in images if several else [images]:
        if isinstance(one, str | Path):
            paths.append(Path(one))
        else:
            found += _in_memory(one, len(found))
    if found and paths:
        raise UsageError("paths and pictures in memory are mixed", "score them by two calls")
    if found:
        return found, ""
    files = find_pictures(paths, recursive)
    if not files.pictures:
        raise UsageError("no pictures are named", WANTED)
    roots = sorted((path for path in paths if path.is_dir()), key=lambda one: -len(one.parts))
    return [
        Given(str(path), path, next((root for root in roots if root in path.parents), None))
        for path in files.pictures
    ], files.note


def _in_memory(one: Any, before: int) -> Iterator[Given]:
    """The pictures of a PIL picture, an array or a tensor."""
    import numpy as np

    if hasattr(one, "getbands"):
        picture = pixels_of(one)
        name = str(getattr(one, "filename", "")) or f"image {before + 1}"
        yield Given(name, pixels=picture.pixels, notes="; ".join(picture.notes))
        return
    tensor = hasattr(one, "detach")
    values = one.detach().cpu().numpy() if tensor else one
    if not isinstance(values, np.ndarray):
        raise UsageError(f"{type(one).__name__} is no picture", WANTED)
    if tensor and values.ndim in (3, 4):
        values = np.moveaxis(values, -3, -1)
    for number, pixels in enumerate(values if values.ndim == 4 else [values], before + 1):
        yield Given(f"image {number}", pixels=_checked(pixels, f"image {number}"))


def _checked(pixels: NDArray[Any], name: str) -> Pixels:
    """Pixels in one of the two forms.

    Raises:
        UsageError: they are in none.
    """
    import numpy as np

    if pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
        raise UsageError(f"{name} has the shape {pixels.shape}: no RGB picture", WANTED)
    if pixels.dtype == np.uint8:
        return np.require(pixels, requirements=OWNED)
    if not np.issubdtype(pixels.dtype, np.floating):
        raise UsageError(f"{name} holds {pixels.dtype}", "uint8, or floats in [0, 1]")
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # NaN is not either
        raise UsageError(
            f"{name} holds floats from {pixels.min():.3g} to {pixels.max():.3g}",
            "floats lie in [0, 1]: divide by 255",
        )
    return np.require(pixels, np.float32, OWNED)


def planes(pixels: Pixels) -> NDArray[np.float32]:
    """Pixels, (H, W, 3), as planes, (3, H, W) float32 in [0, 1]."""
    import numpy as np

    found = np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32)
    if pixels.dtype == np.uint8:
        found /= 255  # in place: of a large picture it is 100 MB
    return found
