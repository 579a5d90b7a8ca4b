"""Content hashes of files.

A database keeps them by path and by what the system says of the file (:func:`_stamp`), so that an
unchanged file is read once. A user can set back a file's modification time, but neither its inode
nor the time of its last change. A hash is not kept of a file that changed so shortly before that a
further change could have the same time.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from iqabench.contract.errors import DataError
from iqabench.data.threads import in_threads
from iqabench.kit.places import cache_dir

CLOCK_STEP = 50_000_000
"""Nanoseconds: more than the step of the clock that file systems take times from (up to 10 ms)."""


def digest(content: bytes) -> str:
    """Hex digest of a file's content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def file_hashes(
    paths: Sequence[Path], tick: Callable[[int], None] | None = None, *, afresh: bool = False
) -> list[str]:
    """Hex digests of the files' contents, in order.

    Args:
        paths: existing files.
        tick: called after each file that had to be read, with its number among the distinct files.
        afresh: read every file, whatever is remembered of it.

    Raises:
        DataError: the cache cannot be used.
        OSError: a file cannot be read.
    """
    now = time.time_ns()
    stats = [(str(path.resolve()), path.stat()) for path in paths]
    keys = [(name, _stamp(stat)) for name, stat in stats]
    settled = {name for name, stat in stats if stat.st_ctime_ns < now - CLOCK_STEP}
    connection = _open()
    try:
        known = {} if afresh else _known(connection, [name for name, _ in keys])
        stale = [
            (done, key)
            for done, key in enumerate(dict.fromkeys(keys), 1)
            if known.get(key[0], ("", ""))[0] != key[1]
        ]
        digests = in_threads(_file_digest, [name for _, (name, _) in stale])
        fresh: dict[str, tuple[str, str]] = {}
        for (done, (name, stamp)), found in zip(stale, digests, strict=True):
            fresh[name] = (stamp, found)
            if tick is not None:
                tick(done)
        with connection:
            connection.executemany(
                "insert or replace into file values (?,?,?)",
                [(name, *kept) for name, kept in fresh.items() if name in settled],
            )
    finally:
        connection.close()
    return [(known | fresh)[name][1] for name, _ in keys]


def _stamp(stat: os.stat_result) -> str:
    """What changes with a file: inode, size, and times of modification and of change."""
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"


def _file_digest(name: str) -> str:
    return digest(Path(name).read_bytes())


def _open() -> sqlite3.Connection:
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(cache_dir() / "hashes.sqlite", timeout=60)
        with connection:
            connection.execute(
                "create table if not exists file (path text primary key, stamp text, digest text)"
            )
    except (OSError, sqlite3.Error) as error:
        raise DataError(
            f"cannot use the cache {cache_dir()}: {error}",
            "set $IQABENCH_CACHE to a folder that can be written",
        ) from error
    return connection


def _known(connection: sqlite3.Connection, names: list[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = connection.execute(f"select * from file where path in ({marks})", part)
        found |= {path: (stamp, digest) for path, stamp, digest in rows}
    return found
