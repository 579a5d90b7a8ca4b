"""Brings the results of another store into a store."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from filelock import FileLock

from iqabench.contract.errors import StoreError, UsageError
from iqabench.contract.progress import Tick
from iqabench.store.files import write_atomically, write_json
from iqabench.store.folder import JOB, PREDICTIONS, WEIGHTS, Job, Store, stored_files
from iqabench.store.records import EvaluationRecord, plain


@dataclass(frozen=True)
class Merged:
    """What a merge brought."""

    jobs: int
    """Jobs that were copied."""
    equal: int
    """Jobs that both stores had with the same results."""
    conflicts: tuple[str, ...]
    """A line for each job that both stores had with other results; this store's are kept."""
    evaluations: int
    """Evaluations that were copied."""


def merge(into: Store, other: Store, tick: Tick) -> Merged:
    """Copy everything from another store that a store lacks.

    Jobs come first and evaluations last, so that no evaluation is without its jobs if the merge is
    interrupted; the next merge copies the rest. A failed job is replaced by one that succeeded.

    Raises:
        UsageError: there is no other store, or it is the same one.
        StoreError: a store has another format, a job of the other store is damaged, or the store
            cannot be written.
    """
    if not (other.root / "jobs").is_dir():
        raise UsageError(f"no store at {other.root}", "name the folder of another store")
    if other.root.resolve() == into.root.resolve():
        raise UsageError(f"{other.root} is this store itself", "name the folder of another store")
    other.readable()
    theirs = list(other.jobs())
    for job in theirs:
        _check(job)
    into.prepare()
    try:
        return _merged(into, other, theirs, tick)
    except OSError as error:
        raise StoreError(
            f"cannot write the store {into.root}: {error.strerror or error}",
            "what was copied is whole; merge again for the rest",
        ) from error


def _check(job: Job) -> None:
    """Compare a job's files with the hashes in its record."""
    if job.record.files != stored_files(job.folder):
        found = {file.name: file for file in stored_files(job.folder)}
        wrong = [file.name for file in job.record.files if found.get(file.name) != file]
        names = ", ".join(wrong) or "it has files that its record does not name"
        raise StoreError(f"{job.folder} is damaged: {names}", "remove it there, then again")


def _merged(into: Store, other: Store, theirs: Sequence[Job], tick: Tick) -> Merged:
    copied, equal, conflicts = 0, 0, []
    for done, job in enumerate(theirs, 1):
        tick(done, len(theirs), "jobs")
        ours = into.job(job.fingerprint)
        if ours is None or (job.done and not ours.done):
            _copy_job(into, job)
            copied += 1
        elif ours.done and job.done and not _same(ours, job):
            conflicts.append(f"{job.fingerprint[:8]} ({job.record.title})")
        else:
            equal += 1
    for part in ("tables", "splits", "stress"):
        for path in sorted((other.root / part).glob("[!.]*")):
            place = into.root / part / path.name
            if not place.exists():
                write_atomically(place, partial(shutil.copyfile, path))
    return Merged(copied, equal, tuple(conflicts), _copy_evaluations(into, other))


def _copy_evaluations(into: Store, other: Store) -> int:
    """Copy evaluations; of those in both stores, a known finding of the audit replaces none."""
    known = {record.id: record for record in into.evaluations()}
    copied = 0
    for record in other.evaluations():
        ours = known.get(record.id)
        if ours is None or _tells_less(ours, record):
            write_json(into.root / "evaluations" / f"{record.id}.json", plain(record))
            copied += ours is None
    return copied


def _tells_less(ours: EvaluationRecord, theirs: EvaluationRecord) -> bool:
    """Whether only the other store's audit has told what a model has seen."""
    return (ours.shared is None and theirs.shared is not None) or ours.pending > theirs.pending


def _copy_job(into: Store, job: Job) -> None:
    """Copy a job's folder whole or not at all."""
    jobs = into.root / "jobs"
    part = jobs / f"{job.fingerprint}.merging"
    with FileLock(jobs / f".{job.fingerprint}.lock"):
        shutil.rmtree(part, ignore_errors=True)  # left by an interrupted merge
        part.mkdir()
        for name in (*(file.name for file in job.record.files), JOB):
            shutil.copyfile(job.folder / name, part / name)
        folder = jobs / job.fingerprint
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)


def _same(ours: Job, theirs: Job) -> bool:
    """Whether two jobs of one fingerprint have the same predictions or weights."""
    hashes = [
        {file.name: file.sha256 for file in job.record.files if file.name in (PREDICTIONS, WEIGHTS)}
        for job in (ours, theirs)
    ]
    if hashes[0] == hashes[1]:
        return True
    return set(hashes[0]) == set(hashes[1]) == {PREDICTIONS} and _same_table(ours, theirs)


def _same_table(ours: Job, theirs: Job) -> bool:
    """Whether two files of predictions, perhaps of two versions of pyarrow, hold the same."""
    import pandas as pd

    both = [pd.read_parquet(job.folder / PREDICTIONS) for job in (ours, theirs)]
    return bool(both[0].equals(both[1]))
