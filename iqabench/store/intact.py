"""Compares stored files with what the records say of them.

A file's hash is computed once in a process; after that the file counts as unchanged while its
inode, size and times are (:func:`_stamp`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from iqabench.kit.download import sha256
from iqabench.store.records import StoredFile

CLOCK_STEP = 50_000_000
"""Nanoseconds: more than the step of the clock that file systems take times from (up to 10 ms)."""

Stamp = list[int]
_known: dict[Path, tuple[Stamp, StoredFile]] = {}


def described(path: Path) -> StoredFile:
    """The name, hash and size of a file.

    Raises:
        OSError: it cannot be read.
    """
    at = _stamp(path.stat())
    known = _known.get(path)
    if known is not None and known[0] == at:
        return known[1]
    now = time.time_ns()
    found = StoredFile(name=path.name, sha256=sha256(path), bytes=at[1])
    if at[-1] < now - CLOCK_STEP:  # else a further change could have the same time
        _known[path] = (at, found)
    return found


def problem(
    folder: Path, files: Iterable[StoredFile], only: Iterable[str] = (), *, quick: bool = False
) -> str:
    """What is wrong with the first damaged file of a folder; empty if all are as recorded.

    Args:
        folder: holds the files.
        files: what is recorded of them.
        only: names of the files to look at; if empty, all.
        quick: compare sizes alone.
    """
    names = set(only)
    for file in files:
        if names and file.name not in names:
            continue
        path = folder / file.name
        try:
            size = path.stat().st_size
            if size != file.bytes:
                return f"{file.name} has {size} bytes, not {file.bytes}"
            if not quick and described(path) != file:
                return f"the content of {file.name} is not what was stored"
        except FileNotFoundError:
            return f"{file.name} is gone"
        except OSError as error:
            return f"{file.name} cannot be read: {error.strerror or error}"
    return ""


def stamp(path: str) -> Stamp:
    """What the system says of a file: inode, size, times of change; nothing where there is none."""
    try:  # a path object would take most of the time of a plan of thousands of jobs
        return _stamp(os.stat(path))  # noqa: PTH116
    except OSError:
        return []


def text_of(stat: os.stat_result) -> str:
    """What the system says of a file, as text: inode, size, and times of change."""
    return " ".join(map(str, _stamp(stat)))


def _stamp(stat: os.stat_result) -> Stamp:
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
