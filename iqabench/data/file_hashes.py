"""Content hashes of files.

A database keeps them by path and by what the system says of the file
(:func:`iqabench.store.intact.text_of`), so that an unchanged file is read once. Each row has a
checksum. A database that is damaged or cannot be used costs time only: the files are read again. A
user can set back a file's modification time, but neither its inode nor the time of its last change.
A hash is not kept of a file that changed so shortly before that a further change could have the
same time.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

from iqabench.data.threads import in_threads
from iqabench.kit.places import cache_dir
from iqabench.store.intact import CLOCK_STEP, text_of
from iqabench.store.noticed import damaged


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
        OSError: a file cannot be read.
    """
    now = time.time_ns()
    stats = [(str(path.resolve()), path.stat()) for path in paths]
    keys = [(name, text_of(stat)) for name, stat in stats]
    settled = {name for name, stat in stats if stat.st_ctime_ns < now - CLOCK_STEP}
    known = {} if afresh else _known([name for name, _ in keys])
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
    _keep([(name, *kept) for name, kept in fresh.items() if name in settled])
    return [(known | fresh)[name][1] for name, _ in keys]


def _file_digest(name: str) -> str:
    return digest(Path(name).read_bytes())


def _seal(path: str, stamp: str, found: str) -> str:
    """Checksum of a row: a database does not notice that a byte of it flipped."""
    return digest(f"{path}\0{stamp}\0{found}".encode())[:16]


def _known(names: list[str]) -> dict[str, tuple[str, str]]:
    """Stamp and digest of the files that the database remembers; none if it cannot be used."""
    found: dict[str, tuple[str, str]] = {}

    def look(connection: sqlite3.Connection) -> None:
        nonlocal found
        for start in range(0, len(names), 500):
            part = names[start : start + 500]
            marks = ",".join("?" * len(part))
            rows = connection.execute(f"select * from hashed where path in ({marks})", part)
            for path, stamp, kept, seal in rows:
                if seal == _seal(path, stamp, kept):
                    found[path] = stamp, kept
                else:
                    damaged(_place())

    _in_database(look)
    return found


def _keep(rows: list[tuple[str, str, str]]) -> None:
    """Remember files; nothing happens if the database cannot be used."""

    def write(connection: sqlite3.Connection) -> None:
        with connection:
            connection.executemany(
                "insert or replace into hashed values (?,?,?,?)",
                [(*row, _seal(*row)) for row in rows],
            )

    if rows:
        _in_database(write)


def _place() -> Path:
    return cache_dir() / "hashes.sqlite"


def _in_database(work: Callable[[sqlite3.Connection], None]) -> None:
    """Work with the database if it can be used; a damaged one is removed."""
    place = _place()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(place, timeout=60)) as connection:
            connection.execute(
                "create table if not exists "
                "hashed (path text primary key, stamp text, digest text, seal text)"
            )
            work(connection)
    except (sqlite3.OperationalError, OSError):  # full, read-only, locked or no database at all
        return
    except (sqlite3.Error, ValueError, OverflowError):
        damaged(place)
        for name in (place.name, f"{place.name}-journal", f"{place.name}-wal"):
            with suppress(OSError):
                place.with_name(name).unlink(missing_ok=True)
