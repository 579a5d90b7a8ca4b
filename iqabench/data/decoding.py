"""Decodes every picture to 8-bit RGB, and notes each conversion and loss."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iqabench.contract.errors import DataError
from iqabench.data import tiff
from iqabench.data.picture_kinds import advice, kind_of, readable
from iqabench.kit.truncation import accepting_truncated
from iqabench.store.behaviour import VERSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

DECODING = f"rgb-{VERSIONS['decoding']}"
"""Name of the way to decode. The cache's key holds it and Pillow's version."""
MAX_PIXELS = 2**27
"""Larger pictures (over 134 million pixels, 384 MiB decoded) are refused."""
VAGUE = ("decoder error", "unknown raw mode")
"""How Pillow's messages begin that do not say what it cannot read."""
RUN_LENGTH_CODES = (1, 2)
"""``compression`` of BMP files: runs of 8-bit and of 4-bit pixels."""
CONVERSIONS = {
    "1": "1 bit widened to 8",
    "L": "grey copied to RGB",
    "LA": "grey copied to RGB",
    "La": "grey copied to RGB",
    "P": "palette applied",
    "PA": "palette applied",
    "CMYK": "CMYK converted to RGB",
    "YCbCr": "YCbCr converted to RGB",
}
"""Pillow's mode -> the note that its conversion to RGB leaves."""
UNRANGED = {"I": "32-bit integer", "F": "floating-point"}
"""Pillow's modes whose values have no known range, so that they cannot be scaled to 8 bits."""


class Picture(NamedTuple):
    """A decoded picture."""

    pixels: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    notes: tuple[str, ...]
    """Every conversion and every loss; empty if the file holds exactly these pixels."""


def decode(path: Path, allow_truncated: bool = False) -> Picture:
    """Decode a picture file.

    Args:
        path: PNG, JPEG, BMP, WebP, TIFF, GIF, PPM, and AVIF and HEIC where a library reads them.
            The content decides, not the file's name.
        allow_truncated: accept a file that ends too early or is damaged. Pillow leaves the missing
            part black or grey.

    Raises:
        DataError: the file is no picture of these formats, is damaged, has more than
            ``MAX_PIXELS`` pixels, or has values that cannot be brought to 8 bits.
    """
    return decode_bytes(read_bytes(path), path, allow_truncated)


def read_bytes(path: Path) -> bytes:
    """The content of a picture file.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path.name}: {error.strerror}", f"look at {path}") from error


def decode_bytes(content: bytes, path: Path, allow_truncated: bool = False) -> Picture:
    """Decode a picture file's content, as :func:`decode`; only error messages use ``path``."""
    try:
        try:
            return _decoded(content)
        except Exception:
            if not allow_truncated:
                raise
            return _decoded(content, truncated=True)
    except Exception as error:  # Pillow raises errors of almost any type on damaged files
        why, hint = _reason(error, content)
        raise DataError(f"cannot decode {path.name}: {why}", f"look at {path}{hint}") from error


def pixels_of(picture: Image) -> Picture:
    """The pixels of a PIL picture, converted and turned upright as those of a file are.

    Raises:
        DataError: it is damaged, or has values that cannot be brought to 8 bits.
    """
    try:
        picture = picture.copy()  # which loads it; the caller's stays as it is
        notes: list[str] = []
        bits = 16 if picture.mode.startswith("I;16") else 8
        pixels = _rgb(_upright(picture, notes), bits, notes)
        return Picture(pixels, tuple(notes))
    except Exception as error:  # Pillow raises errors of almost any type on damaged files
        raise DataError(f"cannot decode the picture: {error}", "save it as PNG first") from error


def _reason(error: Exception, content: bytes) -> tuple[str, str]:
    """Why a file cannot be decoded, and what to do besides looking at it."""
    from PIL import UnidentifiedImageError
    from PIL.Image import DecompressionBombError

    if isinstance(error, UnidentifiedImageError):
        return _unidentified(content)
    if isinstance(error, DecompressionBombError):
        return f"more than {MAX_PIXELS} pixels", ""
    why = next(iter(str(error).splitlines()), "") or type(error).__name__
    if why.startswith(VAGUE) and (described := tiff.described(content)):
        return f"{why} in {described}", ""
    return why, ", or take what is left with --allow-truncated" if "truncated" in why else ""


def _unidentified(content: bytes) -> tuple[str, str]:
    kind, formats = kind_of(content), readable()
    if not kind:
        return f"not {', '.join(formats[:-1])} or {formats[-1]}", ""
    if kind == "TIFF" and (described := tiff.described(content)):
        return f"{described} is not read", ", or convert it to a TIFF of 8-bit RGB"
    if kind.upper() in formats or (kind, "HEIF" in formats) == ("HEIC", True):
        return f"it begins as {kind}, but is damaged or of a rare kind", ""
    return f"{kind} is not read here", f", or {advice(kind)}"


def _decoded(content: bytes, truncated: bool = False) -> Picture:
    from PIL import Image

    with (
        accepting_truncated(truncated),
        Image.open(io.BytesIO(content), formats=readable()) as picture,
    ):
        if picture.width * picture.height > MAX_PIXELS:
            raise Image.DecompressionBombError
        _filled(picture, content)
        notes = ["truncated"] if truncated else []
        bits = _bits(picture, content)
        notes += _tiff_notes(picture)
        pixels = _rgb(_upright(picture, notes), bits, notes)
        if picture.info.get("icc_profile"):
            notes.append("ICC profile ignored")
        try:
            frames = getattr(picture, "n_frames", 1)  # last, since counting seeks to other frames
        except Exception:
            if not truncated:
                raise
            notes.append("first of several frames")
        else:
            notes += [f"first of {frames} frames"] if frames > 1 else []
        return Picture(pixels, tuple(notes))


def _filled(picture: ImageFile, content: bytes) -> None:
    """Refuse a run-length coded BMP whose runs cannot fill it.

    Pillow adds missing pixels one by one: many seconds if a header declares a huge picture.

    Raises:
        ValueError: two bytes code at most 255 pixels, and the file lacks even half of those needed.
    """
    runs = picture.format == "BMP" and picture.info.get("compression") in RUN_LENGTH_CODES
    if runs and picture.width * picture.height > 255 * len(content):
        raise ValueError("more pixels are declared than the runs hold")


def _bits(picture: ImageFile, content: bytes) -> int:
    """Bits per channel in the file, known before the pixels are loaded.

    Raises:
        ValueError: Pillow would misread the channels.
    """
    if picture.format == "PNG":
        return content[24]
    if picture.format == "PPM":
        coding = picture.tile[0][3]
        return 16 if coding == "I;16B" or (isinstance(coding, tuple) and coding[1] > 255) else 8
    if picture.format == "AVIF":
        return avif_bits(content)
    tags = getattr(picture, "tag_v2", {})
    tiff.refuse(tags, content)
    return int(max(tags.get(tiff.BITS, (8,))))


def avif_bits(content: bytes) -> int:
    """Bits per channel of an AVIF, by its first ``av1C`` box (AV1-ISOBMFF, section 2.3.3)."""
    place = content.find(b"av1C") + 6
    flags = content[place] if 6 <= place < len(content) else 0
    return 8 if not flags & 0x40 else 12 if flags & 0x20 else 10


def _tiff_notes(picture: ImageFile) -> list[str]:
    """What becomes of negatives and of channels that only a TIFF can have."""
    tags = getattr(picture, "tag_v2", {})
    notes = ["negative inverted"] if tiff.white_is_zero(tags) else []
    if tiff.premultiplied(tags):
        notes.append("premultiplied alpha divided out")
    extra = tiff.extra_channels(tags)
    if extra:
        notes.append(f"{extra} extra channel{'s' if extra > 1 else ''} dropped")
    return notes


def _upright(picture: Image, notes: list[str]) -> Image:
    """The loaded picture, turned as its EXIF tag says."""
    from PIL import ExifTags, Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    loads_upright = picture.format == "TIFF"
    if not loads_upright:
        picture.load()  # a PNG may have its EXIF behind the pixels
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # the pixels may be whole although the EXIF is damaged
        notes.append("EXIF unreadable")
        orientation = None
    picture.load()
    if orientation not in turns:
        return picture
    notes.append(f"turned upright (EXIF {orientation})")
    # ImageOps.exif_transpose rewrites the EXIF, which fails if the EXIF is damaged.
    return picture if loads_upright else picture.transpose(turns[orientation])


def _rgb(picture: Image, bits: int, notes: list[str]) -> NDArray[np.uint8]:
    """Pixels of a loaded picture of any mode, (H, W, 3); alpha is left out, not blended."""
    import numpy as np

    mode = picture.mode
    deep_grey = mode.startswith("I;16") or (mode == "I" and picture.format == "PPM")
    if mode in UNRANGED and not deep_grey:
        raise ValueError(f"{UNRANGED[mode]} pixels have no range that 8 bits could stand for")
    if "A" in picture.getbands() and picture.getchannel("A").getextrema()[0] == 255:
        notes.append("opaque alpha dropped")
    elif picture.has_transparency_data:
        notes.append("alpha dropped")
    picture.info.pop("transparency", None)  # else Pillow warns about the alpha that is dropped
    if bits > 8:
        notes.append(f"{bits} bits cut to 8")
    if deep_grey:  # Pillow itself would clip the values to 255
        notes.append(CONVERSIONS["L"])
        grey = (np.asarray(picture) >> (bits - 8)).astype(np.uint8)
        if tiff.white_is_zero(getattr(picture, "tag_v2", {})):
            grey = 255 - grey  # Pillow inverts up to 8 bits only
        return np.repeat(grey[..., None], 3, axis=2)
    if mode in CONVERSIONS:
        notes.append(CONVERSIONS[mode])
    if mode == "La":  # which Pillow converts to nothing else
        picture = picture.convert("LA")
    return np.array(picture if mode == "RGB" else picture.convert("RGB"))
