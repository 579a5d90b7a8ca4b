"""Content hashes of files.

A database keeps them by path, size and modification time, so that an unchanged file is read once.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from iqabench.contract.errors import DataError
from iqabench.data.threads import in_threads
from iqabench.kit.places import cache_dir


def digest(content: bytes) -> str:
    """Hex digest of a file's content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def file_hashes(paths: Sequence[Path], tick: Callable[[int], None] | None = None) -> list[str]:
    """Hex digests of the files' contents, in order.

    Args:
        paths: existing files.
        tick: called after each file that had to be read, with its number among the distinct files.

    Raises:
        DataError: the cache cannot be used.
        OSError: a file cannot be read.
    """
    stamps = [(str(path.resolve()), path.stat()) for path in paths]
    keys = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stamps]
    connection = _open()
    try:
        known = _known(connection, [name for name, _, _ in keys])
        fresh: dict[str, tuple[str, int, int, str]] = {}
        stale = [
            (done, key)
            for done, key in enumerate(dict.fromkeys(keys), 1)
            if known.get(key[0], ())[:2] != key[1:]
        ]
        digests = in_threads(_file_digest, [name for _, (name, _, _) in stale])
        for (done, (name, size, time)), found in zip(stale, digests, strict=True):
            fresh[name] = (name, size, time, found)
            if tick is not None:
                tick(done)
        with connection:
            connection.executemany("insert or replace into hash values (?,?,?,?)", fresh.values())
    finally:
        connection.close()
    return [fresh[name][3] if name in fresh else str(known[name][2]) for name, _, _ in keys]


def _file_digest(name: str) -> str:
    return digest(Path(name).read_bytes())


def _open() -> sqlite3.Connection:
    try:
        cache_dir().mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(cache_dir() / "hashes.sqlite", timeout=60)
        with connection:
            connection.execute(
                "create table if not exists hash "
                "(path text primary key, size integer, time integer, digest text)"
            )
    except (OSError, sqlite3.Error) as error:
        raise DataError(
            f"cannot use the cache {cache_dir()}: {error}",
            "set $IQABENCH_CACHE to a folder that can be written",
        ) from error
    return connection


def _known(connection: sqlite3.Connection, names: list[str]) -> dict[str, tuple[int, int, str]]:
    found: dict[str, tuple[int, int, str]] = {}
    for start in range(0, len(names), 500):
        part = names[start : start + 500]
        marks = ",".join("?" * len(part))
        rows = connection.execute(f"select * from hash where path in ({marks})", part)
        found |= {path: (size, time, digest) for path, size, time, digest in rows}
    return found
