"""Finds and removes what nothing in a store refers to, and what dead processes left there.

A part of a file that a live process writes is younger than :data:`OLD`, since each write renews its
time. A folder in which a live process makes a job is locked.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from iqabench.store.records import (
    JOB_WEIGHTS,
    EvaluationRecord,
    FitIdentity,
    ImportIdentity,
    PredictIdentity,
    StressRecord,
)

if TYPE_CHECKING:
    from iqabench.store.folder import Job, Store

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


def garbage(store: Store) -> Iterator[Garbage]:
    """What nothing in a store refers to, and leftovers of dead processes.

    The unfinished fit of a job that an evaluation waits for stays: the next run goes on from it.
    The store must be whole (:mod:`iqabench.store.check`): a damaged record refers to nothing.
    """
    evaluations, stresses, jobs = store.evaluations(), list(store.stresses()), list(store.jobs())
    named = {name for one in evaluations for name in (one.predict, one.fit) if name}
    named |= {name for one in stresses for change in one.changes for name in change.predict}
    used = with_fits(named, {job.fingerprint: job for job in jobs}.get)
    for job in jobs:
        if job.fingerprint not in used:
            yield _found(job.folder, f"no result uses it: {job.record.title}")
    judged: list[EvaluationRecord | StressRecord] = [*evaluations, *stresses]
    tables = {f"{one.test}-{one.test_hash}" for one in judged}
    for path in sorted((store.root / "tables").glob("[!.]*")):
        if path.stem not in tables:
            yield _found(path, "no result was judged by these labels")
    splits = {one.split for one in evaluations}
    splits |= {
        job.record.identity.split
        for job in jobs
        if job.fingerprint in used and isinstance(job.record.identity, FitIdentity)
    }
    for path in sorted((store.root / "splits").glob("[!.]*")):
        if path.stem not in splits:
            yield _found(path, "no result uses this split")
    for run in store.runs():
        if named.isdisjoint(run.jobs):
            yield _found(store.root / "runs" / f"{run.id}.json", "no result of this run is left")
    yield from leftovers(store.root, used)


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
            yield _found(folder, "a process left it")
    if wanted is not None:
        for lock in sorted(jobs.glob(".*.lock")):
            if _free(jobs, _fingerprint(lock)):
                yield _found(lock, "nobody holds this lock")


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
    for pattern in (".*.part", ".probe-*"):
        for path in sorted(folder.glob(pattern)):
            if _age(path) > OLD:
                yield _found(path, "a process left it")


def with_fits(names: Iterable[str], job: Callable[[str], Job | None]) -> set[str]:
    """Fingerprints of jobs, and of the fit jobs whose weights they use."""
    found: set[str] = set()
    open_ends = [*names]
    while open_ends:
        name = open_ends.pop()
        if name in found:
            continue
        found.add(name)
        known = job(name)
        identity = known.record.identity if known is not None else None
        if identity is None or isinstance(identity, ImportIdentity):
            continue
        if isinstance(identity, PredictIdentity) and identity.fit is not None:
            open_ends.append(identity.fit)
        if identity.model.weights.startswith(JOB_WEIGHTS):
            open_ends.append(identity.model.weights.removeprefix(JOB_WEIGHTS))
    return found


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


def _found(path: Path, why: str) -> Garbage:
    files = [path] if not path.is_dir() else [file for file in path.rglob("*") if file.is_file()]
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.stat().st_size
    return Garbage(path, why, size)
