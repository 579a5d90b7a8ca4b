"""A cache that decodes each picture only once.

One file per picture, named by the content hash of the picture's file, so that copies share it and
a changed file never meets stale pixels; in a folder named by how pictures are decoded. A file is a
checksum, a line of JSON and the pixels::

    1f0a33c2
    {"shape": [384, 512, 3], "notes": []}
    ...

It is memory-mapped, so the operating system decides what stays in memory, and who has it mapped
keeps it when it is removed. It is written beside and renamed, and its checksum is compared when a
process first meets it: what a power failure left torn or filled with zeros is made again.
"""

from __future__ import annotations

import json
import mmap
import os
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from iqabench.contract.errors import DataError
from iqabench.data import room
from iqabench.data.hashes import digest
from iqabench.data.images import DECODING, Picture, decode_bytes, read_bytes
from iqabench.data.tables import Dataset, Tick
from iqabench.data.threads import in_threads
from iqabench.store.fingerprints import package_version
from iqabench.store.folder import write_atomically

CHECKSUM = 9
"""Bytes of the first line: CRC-32 of all that follows, in hexadecimal."""
HOUR = 3600

_known: dict[Path, tuple[int, int, int]] = {}
"""Files whose checksum this process has compared, by inode, size and time."""


def cached(path: Path, content_hash: str, allow_truncated: bool = False) -> Picture:
    """The decoded picture, from the cache or into it.

    Args:
        path: the picture's file; only read if the cache lacks the picture.
        content_hash: its hash, as of :func:`iqabench.data.hashes.file_hashes`.
        allow_truncated: as of :func:`iqabench.data.images.decode`.

    Returns:
        Pixels that may be changed; changes are not kept.

    Raises:
        DataError: the picture cannot be decoded, or is another than when it was hashed.
    """
    place = _place(content_hash, allow_truncated)
    kept = _read(place)
    if kept is not None:
        return kept
    content = read_bytes(path)
    if digest(content) != content_hash:
        raise DataError(f"{path.name} is not what it was when it was hashed", "run again")
    picture = decode_bytes(content, path, allow_truncated)
    _write(place, picture)
    return picture


def prepare(
    dataset: Dataset, names: Sequence[str], allow_truncated: bool, tick: Tick
) -> dict[str, tuple[str, ...]]:
    """Decode pictures into the cache, on all cores; returns the notes of each.

    A picture that cannot be decoded has none: it fails by name when it is used.
    """
    hashes = dataset.image_hashes

    def notes(name: str) -> tuple[str, ...]:
        try:
            return cached(dataset.root / name, hashes[name], allow_truncated).notes
        except DataError:
            return ()

    found = {}
    for name, its_notes in zip(names, in_threads(notes, names), strict=True):
        found[name] = its_notes
        tick(len(found), len(names), "decoding")
    return found


def _place(content_hash: str, allow_truncated: bool) -> Path:
    settings = f"{DECODING}-pillow-{package_version('pillow')}"
    if allow_truncated:
        settings += "-truncated"
    return room.folder() / settings / content_hash[:2] / content_hash


def _read(place: Path) -> Picture | None:
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
    head = json.loads(data[CHECKSUM:start])
    pixels = np.frombuffer(data, np.uint8, offset=start).reshape(head["shape"])
    return Picture(pixels, tuple(head["notes"]))


def _write(place: Path, picture: Picture) -> None:
    """Keep a picture if there is room; a disk that is full or read-only costs time, no more."""
    head = json.dumps({"shape": picture.pixels.shape, "notes": picture.notes}).encode() + b"\n"
    if not room.take(CHECKSUM + len(head) + picture.pixels.nbytes):
        return

    def write(part: Path) -> None:
        with part.open("wb") as stream:
            stream.write(_checksum(head, picture.pixels.data))
            stream.write(head)
            stream.write(picture.pixels.data)

    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, write)


def _checksum(*parts: bytes | memoryview) -> bytes:
    total = 0
    for part in parts:
        total = zlib.crc32(part, total)
    return b"%08x\n" % total
