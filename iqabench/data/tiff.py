"""What a TIFF's tags say of its pixels: where Pillow misreads them, and why it refuses them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES = 254, 258, 259, 262, 277, 284
EXTRA, FORMAT, DNG = 338, 339, 50706
COEFFICIENTS, SUBSAMPLING, REFERENCE = 529, 530, 532
"""The tags of luma and chroma: how they are made of RGB, how chroma is reduced, and the levels of
black and white."""
NUMBERS = {SUBFILE, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES, EXTRA, FORMAT}
WHITE_IS_ZERO, YCBCR, CIELAB = 0, 6, 8
COLOURS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3}
"""Photometric interpretation -> channels that are no extra ones."""
FORMATS = {2: "signed integer", 3: "floating-point", 5: "complex", 6: "complex"}
"""Sample format -> what its samples are; formats that are not named here are unsigned integers."""
ALPHA = (1, 2, 999)
"""Kinds of extra samples that are alpha; the first is premultiplied, the last is Corel's."""
JFIF = ((0.299, 0.587, 0.114), (0, 255, 128, 255, 128, 255))
"""The coefficients, and the levels of black and white, with which Pillow converts YCbCr."""
CANON = b"CR"
"""Bytes 8 and 9 of a raw file of Canon's."""
UNPACKED = 1
"""The compression of a TIFF whose pixels are not compressed."""

Tags = Mapping[int, Any]


def tags_of(content: bytes) -> Tags:
    """The tags of the first page. Empty if the file is no TIFF or is damaged."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    try:
        found = ImageFileDirectory_v2(content[: 16 if content[2] == 43 else 8])
        stream = io.BytesIO(content)
        stream.seek(found.next)
        found.load(stream)
        return {tag: value for tag, value in dict(found).items() if _sound(tag, value)}
    except Exception:  # Pillow raises errors of almost any type on damaged files
        return {}


def _sound(tag: int, value: object) -> bool:
    """Whether a tag that this module reads holds numbers, as damaged files may not have it."""
    parts = value if isinstance(value, tuple) else (value,)
    return tag not in NUMBERS or (
        bool(parts) and not any(isinstance(p, bytes | str) for p in parts)
    )


def refuse(tags: Tags, content: bytes) -> None:
    """Refuse pixels that Pillow would misread. Pictures that are no TIFF have no tags.

    Raises:
        ValueError: says what the pixels are.
    """
    if DNG in tags or tags.get(SUBFILE, 0) & 1 or (tags and content[8:10] == CANON):
        raise ValueError("a camera's raw file, of which only a preview could be read")
    bits, kind = max(tags.get(BITS, (1,))), _kind(tags)
    if kind:
        raise ValueError(f"{kind} pixels have no range that 8 bits could stand for")
    if bits > 8 and tags.get(PLANES) == 2:
        raise ValueError(f"{bits}-bit channels in separate planes")
    photometric = tags.get(PHOTOMETRIC)
    if photometric == CIELAB:
        raise ValueError("CIELAB colours, most of which no screen can show")
    if photometric == YCBCR and tags.get(COMPRESSION, UNPACKED) == UNPACKED:
        _refuse_chroma(tags)


def _refuse_chroma(tags: Tags) -> None:
    """Refuse uncompressed luma and chroma, unless they are as JPEG has them, at full resolution."""
    coefficients, levels = JFIF
    if tuple(tags.get(SUBSAMPLING, (2, 2))) != (1, 1):
        raise ValueError("uncompressed YCbCr with reduced chroma")
    if tuple(tags.get(REFERENCE, levels)) != levels:
        raise ValueError("YCbCr with other levels of black and white than JPEG's")
    given = tags.get(COEFFICIENTS, coefficients)
    if any(abs(float(a) - b) > 1e-3 for a, b in zip(given, coefficients, strict=True)):
        raise ValueError("YCbCr with other coefficients than JPEG's")


def white_is_zero(tags: Tags) -> bool:
    """Whether the picture is stored as its negative."""
    return bool(tags) and tags.get(PHOTOMETRIC, WHITE_IS_ZERO) == WHITE_IS_ZERO


def premultiplied(tags: Tags) -> bool:
    """Whether colours are stored multiplied by alpha; Pillow divides them."""
    return tuple(tags.get(EXTRA, ()))[:1] == ALPHA[:1]


def extra_channels(tags: Tags) -> int:
    """The number of channels that are neither colours nor alpha."""
    colours = COLOURS.get(tags.get(PHOTOMETRIC, WHITE_IS_ZERO), 0)
    extra = int(tags.get(SAMPLES, colours)) - colours
    if tags.get(PHOTOMETRIC) == 2 and not tags.get(EXTRA):
        return 0  # Pillow takes a fourth channel without a name for alpha
    alpha = tuple(tags.get(EXTRA, ()))[:1] in [(kind,) for kind in ALPHA]
    return max(0, extra - alpha)


def described(content: bytes) -> str:
    """What the pixels of a TIFF are, in words; empty if its tags cannot be read."""
    tags = tags_of(content)
    if not tags:
        return ""
    bits, channels = max(tags.get(BITS, (1,))), tags.get(SAMPLES, 1)
    count = f"{channels} channels" if channels > 1 else "one channel"
    return (
        f"a TIFF of {count} of {bits}-bit {_kind(tags) or 'unsigned integer'} pixels "
        f"(photometric interpretation {tags.get(PHOTOMETRIC, 'missing')})"
    )


def _kind(tags: Tags) -> str:
    """What the samples are if they are no unsigned integers."""
    given = tags.get(FORMAT, (1,))
    return next((FORMATS[kind] for kind in given if kind in FORMATS), "")
