"""Arrays in files that are memory-mapped, and checked when they are first read.

A file holds a checksum, a line of JSON and the array::

    1f0a33c2
    {"dtype": "|u1", "shape": [384, 512, 3], "notes": []}
    ...

The operating system decides which parts of a mapped file stay in memory. A process that has mapped
a file keeps its content even if the file is removed. A file is written under a temporary name and
then renamed. Its checksum is compared when a process first reads it. So a file that a power failure
left incomplete or filled with zeros counts as absent, and so does a file of which a byte flipped.
"""

from __future__ import annotations

import json
import mmap
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.store.files import write_atomically
from iqabench.store.noticed import damaged

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

CHECKSUM = 9
"""Bytes of the first line: the CRC-32 of the rest of the file, in hexadecimal, and a line break."""
ALIGNMENT = 64
"""The array begins at a multiple of this many bytes. Spaces fill the line of JSON up to there."""
HOUR = 3600
NUMBERS = "biuf"
"""Kinds of numpy types that a file may hold: truth values and numbers, and no objects."""

_known: dict[Path, tuple[int, int, int]] = {}
"""Inode, size and modification time of each file whose checksum this process has compared."""


def parts(array: NDArray[Any], **facts: Any) -> list[bytes | memoryview]:
    """The parts of a file that holds an array and facts about it: checksum, JSON, array."""
    import numpy as np

    data = np.ascontiguousarray(array)
    head = json.dumps({"dtype": data.dtype.str, "shape": data.shape, **facts}).encode()
    head += b" " * (-(CHECKSUM + len(head) + 1) % ALIGNMENT) + b"\n"
    body = data.reshape(-1).view(np.uint8).data
    return [_checksum(head, body), head, body]


def write(place: Path, content: list[bytes | memoryview]) -> None:
    """Write :func:`parts` to a file.

    Nothing is raised if the disk is full or read-only: the array is only made again next time.
    """

    def write_all(part: Path) -> None:
        with part.open("wb") as stream:
            stream.writelines(content)

    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, write_all)


def read(place: Path, dtype: DTypeLike | None = None) -> tuple[NDArray[Any], dict[str, Any]] | None:
    """The array and the facts in a file; None where it is absent, damaged or of another type.

    What is damaged is named. Whether a file is absent is asked of the same reading: another process
    may write it meanwhile. Changes to the array do not reach the file.
    """
    try:
        found = _read(place, dtype)
    except OSError:  # absent; an unreadable file counts as absent
        return None
    if found is None:
        damaged(place)
    return found


def is_whole(place: Path) -> bool:
    """Whether a file is there and as it was written."""
    with suppress(OSError):
        return _read(place) is not None
    return False


def _read(
    place: Path, dtype: DTypeLike | None = None
) -> tuple[NDArray[Any], dict[str, Any]] | None:
    """As :func:`read`, but raises OSError where the file cannot be opened."""
    with place.open("rb") as stream:
        stat = os.fstat(stream.fileno())
        if not stat.st_size:
            return None  # what is empty cannot be mapped
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if _known.get(place) != stamp:
        with memoryview(data) as view:
            if data[:CHECKSUM] != _checksum(view[CHECKSUM:]):
                return None
        _known[place] = stamp
    if time.time() - stat.st_atime > HOUR:
        with suppress(OSError):  # the time of last use decides which files are evicted
            os.utime(place, ns=(time.time_ns(), stat.st_mtime_ns))
    try:
        return _parsed(data, dtype)
    except (ValueError, TypeError, KeyError, RecursionError):  # another release's, or made up
        return None


def _parsed(data: mmap.mmap, dtype: DTypeLike | None) -> tuple[NDArray[Any], dict[str, Any]]:
    import numpy as np

    start = data.find(b"\n", CHECKSUM) + 1
    facts = json.loads(data[CHECKSUM:start])
    kind = np.dtype(facts.pop("dtype", dtype))
    if kind.kind not in NUMBERS or dtype not in (None, kind):
        raise ValueError(f"an array of {kind}, not {dtype}")
    return np.frombuffer(data, kind, offset=start).reshape(facts.pop("shape")), facts


def _checksum(*content: bytes | memoryview) -> bytes:
    total = 0
    for part in content:
        total = zlib.crc32(part, total)
    return b"%08x\n" % total
