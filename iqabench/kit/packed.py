"""Unpacks a label file that is packed by itself: gzip, bzip2, xz, or a zip of one file.

The first bytes of the file tell how it is packed; its name does not count.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

from iqabench.contract.errors import DataError

MOST = 512 * 2**20
"""No label file is larger than this many bytes when it is unpacked."""
AGAIN = "fetch or copy it again, or unpack it by other means"
_OPENERS: dict[bytes, Callable[[BytesIO], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_ZIP = b"PK\x03\x04"
_WORKBOOK = "[Content_Types].xml"
"""Every Excel workbook, itself a zip, holds a file of this name."""
_CLOSED = {b"\x28\xb5\x2f\xfd": "zstd", b"Rar!": "rar", b"7z\xbc\xaf\x27\x1c": "7-Zip"}


def unpacked(content: bytes, name: str) -> bytes:
    """The content of a packed file; any other content, also an Excel workbook, as it is.

    Raises:
        DataError: the file is cut off or damaged, unpacks to more than ``MOST`` bytes, is a zip of
            several files or with a password, or is packed in a way that is not known here.
    """
    for start, opener in _OPENERS.items():
        if content.startswith(start):
            return _read(opener, content, name)
    for start, kind in _CLOSED.items():
        if content.startswith(start):
            raise DataError(f"{name} is packed by {kind}", "unpack it first")
    return _from_zip(content, name) if content.startswith(_ZIP) else content


def _read(opener: Callable[[BytesIO], Any], content: bytes, name: str) -> bytes:
    try:
        with opener(BytesIO(content)) as stream:
            found: bytes = stream.read(MOST + 1)
    except EOFError as error:
        raise DataError(f"{name} is cut off: its packed content ends early", AGAIN) from error
    except (OSError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise DataError(f"{name} is damaged: {error}", AGAIN) from error
    if len(found) > MOST:
        raise DataError(f"{name} unpacks to more than {MOST // 2**20} MiB", "is it a label file?")
    return found


def _from_zip(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            if any(info.filename == _WORKBOOK for info in members):
                return content
            if len(members) != 1:
                raise DataError(
                    f"{name} is a zip of {len(members)} files", "unpack it and name one of them"
                )
            if members[0].flag_bits & 1:
                raise DataError(f"{name} asks for a password", "unpack it first")
            return _read(lambda stream: archive.open(members[0]), content, name)
    except zipfile.BadZipFile as error:
        raise DataError(f"{name} is a zip file that is cut off or damaged", AGAIN) from error
    except (NotImplementedError, RuntimeError, UnicodeDecodeError, ValueError) as error:
        raise DataError(f"{name} cannot be unpacked: {error}", AGAIN) from error
