"""Reads MATLAB 5 files as far as label files need it: arrays of numbers and cells of names.

``scipy.io.loadmat`` reads far more. But a few flipped bits in a file make it crash the interpreter
or use all memory, and a label file may come from any source. MathWorks describes the format in
"MAT-File Format".
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
"""Type of stored data -> numpy's name of it."""
LETTERS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
MATRIX, COMPRESSED = 14, 15
CELL, CHARACTERS, NUMERIC = 1, 4, range(6, 16)
"""Classes of arrays."""
COMPLEX = 0x800
HEADER = 128
LARGEST = 2**26
"""Most bytes that a compressed variable may have when unpacked; no label file needs so many."""


def variables(content: bytes, flat: bool = True) -> dict[str, NDArray[Any]]:
    """The variables of a file: numbers as float64, cells of names as str.

    Variables of another kind are left out.

    Args:
        content: the file's bytes.
        flat: whether every variable has one axis, in MATLAB's order; else each has its own shape.

    Raises:
        ValueError: the file is no MATLAB 5 file, or is damaged. Damage may raise other errors, too.
    """
    if content[126:128] not in (b"IM", b"MI"):
        raise ValueError("no MATLAB 5 file")
    order = "<" if content[126:128] == b"IM" else ">"
    found = {}
    for kind, data in _elements(content[HEADER:], order):
        if kind == COMPRESSED:
            [(kind, data)] = _elements(_unfolded(data), order)
        if kind == MATRIX:
            name, value = _array(data, order, flat)
            if value is not None:
                found[name] = value
    return found


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and content of each element in a sequence of elements."""
    at = 0
    while at < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        small = kind >> 16  # a small element: type and size in one word, content in the next
        start, size = (at + 4, small) if small else (at + 8, size)
        kind &= 0xFFFF
        if start + size > len(data):
            raise ValueError("the file is cut short")
        yield kind, data[start : start + size]
        end = at + 8 if small else start + size
        at = end if kind == COMPRESSED else end + -end % 8


def _unfolded(data: bytes) -> bytes:
    unfolding = zlib.decompressobj()
    found = unfolding.decompress(data, LARGEST)
    if not unfolding.eof:
        raise ValueError("a compressed variable is cut short or too large")
    return found


def _array(data: bytes, order: str, flat: bool) -> tuple[str, NDArray[Any] | None]:
    """Name and value of an array, None for a value that is neither numbers nor names."""
    import numpy as np

    (_, flags), (_, sizes), (_, name), *parts = _elements(data, order)
    word = struct.unpack_from(f"{order}I", flags)[0]
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    count = math.prod(shape)
    if word & 0xFF in NUMERIC and not word & COMPLEX:
        ((kind, numbers),) = parts
        value = np.frombuffer(numbers, order + NUMBERS[kind]).astype(np.float64)
    elif word & 0xFF == CELL:
        value = np.array([_name(part, order) for _, part in parts], dtype=str)
    else:
        return name.decode(), None
    if len(value) != count:
        raise ValueError(f"an array has {len(value)} entries, not {count}")
    return name.decode(), value if flat else value.reshape(shape, order="F")


def _name(data: bytes, order: str) -> str:
    """The text in a cell, which must be a single row of letters."""
    (_, flags), (_, sizes), _, (kind, letters) = _elements(data, order)
    rows = struct.unpack_from(f"{order}i", sizes)[0]
    if struct.unpack_from(f"{order}I", flags)[0] & 0xFF != CHARACTERS or rows > 1:
        raise ValueError("a cell holds something other than a name")
    code = LETTERS[kind]
    wide = {"<": "-le", ">": "-be"}[order] if code in ("utf-16", "utf-32") else ""
    return letters.decode(code + wide)
