"""Tells pictures from other files by their content, and names the formats of pictures."""

from __future__ import annotations

import importlib
import importlib.util
import re
from functools import cache
from pathlib import Path

HEAD = 64
"""Bytes of a file that tell its format."""
SUFFIXES = frozenset(
    [
        ".png",
        ".apng",
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".webp",
        ".gif",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
        ".avif",
        ".heic",
        ".heif",
        ".jp2",
        ".j2k",
        ".jxl",
    ]
)
"""Endings that promise a picture: such a file counts as one, whatever it holds."""
LEFTOVERS = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
"""Names of files that systems leave in folders, in lower case."""
APPLE_DOUBLE = b"\x00\x05\x16\x07"
"""How a file ``._NAME`` begins that a system leaves beside NAME on foreign disks."""
READ = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
"""Formats that are read everywhere, by Pillow's names."""
NO_PICTURES = frozenset({"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})
"""Formats that Pillow knows and that are no pictures of pixels."""
HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
SIGNATURES = (
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("JPEG", rb"\xff\xd8\xff"),
    ("GIF", rb"GIF8[79]a"),
    ("WebP", rb"RIFF.{4}WEBP"),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    ("PPM", rb"P[1-6][ \t\r\n]+(#[^\n]*\n\s*)*(\d+\s+\d+\s|$)"),
    ("PFM", rb"P[fF]\s+\d+\s+\d+\s+[-+.\d]"),
    ("PAM", rb"P7\s+(#[^\n]*\n\s*)*(WIDTH|HEIGHT|DEPTH|MAXVAL|TUPLTYPE) "),
    ("JPEG 2000", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("JPEG XR", rb"II\xbc"),
    ("Photoshop", rb"8BPS"),
    ("OpenEXR", rb"v/1\x01"),
    ("Radiance HDR", rb"#\?(RADIANCE|RGBE)"),
    ("camera raw", rb"FUJIFILMCCD-RAW|.{4}ftypcrx "),
    ("QOI", rb"qoif"),
)
"""Name of a format, and the bytes with which its files begin."""
PATTERNS = [(name, re.compile(pattern, re.DOTALL)) for name, pattern in SIGNATURES]


@cache
def readable() -> tuple[str, ...]:
    """The formats that are read here, by Pillow's names: AVIF and HEIF only where a library can."""
    from PIL import features

    avif = ("AVIF",) if features.check("avif") else ()
    if importlib.util.find_spec("pillow_heif") is None:
        return (*READ, *avif)
    importlib.import_module("pillow_heif").register_heif_opener()
    return (*READ, *avif, "HEIF")


def kind_of(content: bytes) -> str:
    """The name of a picture's format, by the first bytes of its file; empty if they tell none."""
    head = content[:HEAD]
    if head[4:8] == b"ftyp":
        brands = {head[place : place + 4] for place in (8, *range(16, len(head), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & HEIF_BRANDS:
            return "HEIC"
    return next((name for name, pattern in PATTERNS if pattern.match(head)), "")


def advice(kind: str) -> str:
    """What a user can do about a picture of a format that is not read here."""
    return {
        "AVIF": "pip install -U 'pillow>=11.3', which reads AVIF",
        "HEIC": "pip install 'iqabench[heif]'",
    }.get(kind, "convert it to PNG")


def is_picture(path: Path) -> bool:
    """Whether a file counts as a picture.

    It does if it begins as a picture does, if its ending promises a picture, or if nobody can look:
    then its row says why. What systems leave beside pictures does not.
    """
    if path.name.lower() in LEFTOVERS:
        return False
    promised = path.suffix.lower() in SUFFIXES
    if not path.is_file():  # opening a pipe would wait for ever
        return promised and not path.exists()
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return True
    if head[:4] == APPLE_DOUBLE:
        return False
    return promised or bool(kind_of(head)) or (bool(head) and _pillow_knows(path))


def _pillow_knows(path: Path) -> bool:
    """Whether the file is a picture of a rare format, which Pillow recognises by its header."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return picture.format not in NO_PICTURES
    except Image.DecompressionBombError:
        return True
    except Exception:  # Pillow raises errors of almost any type
        return False
