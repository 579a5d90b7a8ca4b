"""Arrays kept in files that are checked when they are first read, and memory-mapped.

A file is a checksum, a line of JSON and the array::

    1f0a33c2
    {"shape": [384, 512, 3], "notes": []}
    ...

The operating system decides what stays in memory, and who has it mapped keeps it when it is
removed. It is written beside and renamed, and its checksum is compared when a process first meets
it: what a power failure left torn or filled with zeros counts as absent.
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

from iqabench.store.folder import write_atomically

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

CHECKSUM = 9
"""Bytes of the first line: CRC-32 of all that follows, in hexadecimal."""
ALIGNMENT = 64
"""The array begins at a multiple of so many bytes; spaces end the line of JSON."""
HOUR = 3600

_known: dict[Path, tuple[int, int, int]] = {}
"""Files whose checksum this process has compared, by inode, size and time."""


def parts(array: NDArray[Any], **facts: Any) -> list[bytes | memoryview]:
    """What a file that holds an array and facts of it consists of."""
    import numpy as np

    data = np.ascontiguousarray(array)
    head = json.dumps({"shape": data.shape, **facts}).encode()
    head += b" " * (-(CHECKSUM + len(head) + 1) % ALIGNMENT) + b"\n"
    body = data.reshape(-1).view(np.uint8).data
    return [_checksum(head, body), head, body]


def write(place: Path, content: list[bytes | memoryview]) -> None:
    """Keep :func:`parts` in a file; a disk that is full or read-only costs time, no more."""

    def write_all(part: Path) -> None:
        with part.open("wb") as stream:
            stream.writelines(content)

    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, write_all)


def read(place: Path, dtype: DTypeLike) -> tuple[NDArray[Any], dict[str, Any]] | None:
    """The array and the facts in a file; None where it is absent or damaged.

    Changes of the array are not kept.
    """
    import numpy as np

    try:
        with place.open("rb") as stream:
            stat = os.fstat(stream.fileno())
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError):  # absent or empty; or unreadable, when it is as good as absent
        return None
    stamp = (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    if _known.get(place) != stamp:
        with memoryview(data) as view:
            if data[:CHECKSUM] != _checksum(view[CHECKSUM:]):
                return None
        _known[place] = stamp
    if time.time() - stat.st_atime > HOUR:
        with suppress(OSError):  # its last use, which decides what is evicted
            os.utime(place, ns=(time.time_ns(), stat.st_mtime_ns))
    start = data.find(b"\n", CHECKSUM) + 1
    facts = json.loads(data[CHECKSUM:start])
    return np.frombuffer(data, dtype, offset=start).reshape(facts.pop("shape")), facts


def _checksum(*content: bytes | memoryview) -> bytes:
    total = 0
    for part in content:
        total = zlib.crc32(part, total)
    return b"%08x\n" % total
