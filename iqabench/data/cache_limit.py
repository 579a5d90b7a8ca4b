"""Limits the size of the cache of decoded pictures.

A picture is stored while there is room. When there is none, pictures that nobody has used for a day
are removed, the longest unused first, until an eighth of the limit is free. If this does not make
enough room, pictures are decoded without being stored. The same happens when a disk is nearly full,
whatever the limit. So a process never evicts a picture that it has just used. Training reads all
pictures in every epoch: if recently used pictures were evicted, each picture would be evicted
shortly before its next use.

No process knows what other processes write. Each process counts the files and reserves an eighth of
the free room (or the room for one picture, if that is more). When it has used this room, it counts
again. So up to eight processes that write at the same time stay within the limit, except for a few
pictures when the cache is almost full.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from iqabench.contract.errors import UsageError
from iqabench.kit.places import cache_dir

BOUND = "IQABENCH_CACHE_GB"
DEFAULT = 20 * 10**9
"""Limit in bytes where ``$IQABENCH_CACHE_GB`` is not set. If half of the free disk space and the
cache together is less, that half is the limit."""
SHARE = 8
DAY = 24 * 3600
MARGIN = 10**9
"""Bytes of a disk that no cache takes, or a twentieth of the disk if that is less."""
PAUSE = 600
"""Seconds after which a process that found the cache full counts the files again."""


def folder() -> Path:
    """The folder of the decoded pictures."""
    return cache_dir() / "images"


def usage() -> tuple[int, int]:
    """Bytes that the cache of decoded pictures holds, and bytes that it may hold.

    Raises:
        UsageError: ``$IQABENCH_CACHE_GB`` is no number of gigabytes.
    """
    held = sum(file.size for file in _files(folder()))
    return held, _bound(folder(), held)


def take(size: int) -> bool:
    """Whether there is room for a file of that many bytes. If so, the room counts as used.

    Raises:
        UsageError: ``$IQABENCH_CACHE_GB`` is no number of gigabytes.
    """
    try:
        return _allowance(folder()).take(size)
    except OSError:  # the folder cannot be looked at: nothing is kept
        return False


def spare(root: Path) -> int:
    """Bytes that caches may still take of the disk on which a folder is or will be; 0 or more."""
    while not root.exists():
        root = root.parent
    disk = shutil.disk_usage(root)
    return max(0, disk.free - min(MARGIN, disk.total // 20))


@dataclass
class _Allowance:
    """The bytes that this process may write before it counts the files again."""

    root: Path
    left: int = 0
    full_until: float = 0.0
    lock: Lock = field(default_factory=Lock)

    def take(self, size: int) -> bool:
        with self.lock:
            if size > self.left and time.monotonic() >= self.full_until:
                self._renew(size)
            granted = size <= self.left
            if granted:
                self.left -= size
            return granted

    def _renew(self, size: int) -> None:
        files = _files(self.root)
        held = sum(file.size for file in files)
        bound = min(_bound(self.root, held), held + spare(self.root))
        if held + size > bound:
            held -= _evict(files, held - bound + bound // SHARE)
        room = bound - held
        if size <= room:
            self.left = max(room // SHARE, size)
        else:
            self.left, self.full_until = 0, time.monotonic() + PAUSE


_allowance = cache(_Allowance)


class _File(NamedTuple):
    used: float
    size: int
    path: Path


def _files(root: Path) -> list[_File]:
    """All files of the cache, of every version of the decoder; the longest unused first."""
    found = []
    for place, _, names in os.walk(root):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):  # evicted by another process
                stat = path.stat()
                found.append(_File(stat.st_atime, stat.st_size, path))
    return sorted(found)


def _evict(files: list[_File], wanted: int) -> int:
    """Remove files unused for a day until ``wanted`` bytes are freed; returns the bytes freed."""
    freed = 0
    for file in files:
        if freed >= wanted or file.used > time.time() - DAY:
            break
        with suppress(OSError):
            file.path.unlink()
            freed += file.size
    return freed


def _bound(root: Path, held: int) -> int:
    text = os.environ.get(BOUND)
    if text:
        try:
            size = float(text) * 10**9
        except ValueError:
            size = math.nan
        if not 0 <= size < math.inf:
            raise UsageError(f"${BOUND} is '{text}'", "a number of gigabytes; 0 stores nothing")
        return int(size)
    while not root.exists():
        root = root.parent
    return min(DEFAULT, (shutil.disk_usage(root).free + held) // 2)
