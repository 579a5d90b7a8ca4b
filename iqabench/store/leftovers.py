"""Finds and removes what dead processes left in a store.

A part of a file that a live process writes is younger than :data:`OLD`, since each write renews its
time. A folder in which a live process makes a job is locked.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

OLD = 3600
"""Seconds after which a part of a file counts as left behind."""
UNFINISHED = (".partial", ".failed", ".merging")
"""Suffixes of folders in which jobs are made, or brought from another store."""


@dataclass(frozen=True)
class Garbage:
    """A file or folder that may go."""

    path: Path
    why: str
    bytes: int


def leftovers(root: Path, used: Iterable[str] | None = None) -> Iterator[Garbage]:
    """What dead processes left in a store.

    Args:
        root: the store.
        used: fingerprints of the jobs of which unfinished work stays; None leaves all of it.
    """
    jobs = root / "jobs"
    for part in ("", "tables", "splits", "evaluations", "stress", "runs", "cache", "jobs"):
        yield from _parts(root / part)
    wanted = None if used is None else set(used)
    for folder in sorted(jobs.glob("[!.]*.*")):
        resumable = folder.suffix == ".partial" and (wanted is None or folder.stem in wanted)
        if folder.suffix in UNFINISHED and not resumable and _free(jobs, folder.stem):
            yield item(folder, "a process left it")
    if wanted is not None:
        for lock in sorted(jobs.glob(".*.lock")):
            if _free(jobs, _fingerprint(lock)):
                yield item(lock, "nobody holds this lock")


def remove(root: Path, found: Iterable[Garbage]) -> None:
    """Remove files and folders; what cannot be removed, or is at work again, stays."""
    for one in found:
        with suppress(OSError, Timeout), ExitStack() as held:
            if one.path.parent == root / "jobs":
                lock = root / "jobs" / f".{_fingerprint(one.path)}.lock"
                held.enter_context(FileLock(lock, timeout=0))
                held.callback(lock.unlink, missing_ok=True)
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                one.path.unlink(missing_ok=True)


def _fingerprint(path: Path) -> str:
    """The job that a file or folder beside the jobs belongs to."""
    return path.name.lstrip(".").partition(".")[0]


def _parts(folder: Path) -> Iterator[Garbage]:
    """Parts of files and probes that a dead process left in a folder."""
    # One look at the names: a store has tens of thousands of files.
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:  # not there, or not ours to read
        names = []
    for name in names:
        is_part = name.startswith(".probe-") or (name[0] == "." and name.endswith(".part"))
        if is_part and _age(folder / name) > OLD:
            yield item(folder / name, "a process left it")


def _free(jobs: Path, fingerprint: str) -> bool:
    """Whether no process makes a job."""
    lock = jobs / f".{fingerprint}.lock"
    if not lock.exists():
        return True
    try:
        with FileLock(lock, timeout=0):
            return True
    except (Timeout, OSError):
        return False


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # its process has just renamed it
        return 0.0


def item(path: Path, why: str) -> Garbage:
    """A file or folder that may go, with its size."""
    files = [path] if not path.is_dir() else [file for file in path.rglob("*") if file.is_file()]
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return Garbage(path, why, size)
