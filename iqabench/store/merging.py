"""Brings the results of another store into a store."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from filelock import FileLock

from iqabench.contract.errors import StoreError, UsageError
from iqabench.contract.progress import Tick
from iqabench.store import label_tables
from iqabench.store.files import write_atomically
from iqabench.store.folder import PREDICTIONS, WEIGHTS, Job, Store, stored_files
from iqabench.store.formats import JOB
from iqabench.store.reading import read_record
from iqabench.store.records import EvaluationRecord, SplitRecord, StressRecord, plain
from iqabench.store.sealed import write_sealed


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
    theirs = _whole(other)
    into.prepare()
    try:
        return _merged(into, other, theirs, tick)
    except OSError as error:
        raise StoreError(
            f"cannot write the store {into.root}: {error.strerror or error}",
            "what was copied is whole; merge again for the rest",
        ) from error


def _whole(other: Store) -> list[Job]:
    """The jobs of a store of which nothing is damaged.

    Raises:
        StoreError: something is.
    """
    damage: list[str] = []
    checked = Store(other.root, damage.append)
    theirs = list(checked.jobs())
    judged: list[EvaluationRecord | StressRecord] = [*checked.evaluations(), *checked.stresses()]
    _ = list(checked.runs())
    for record in judged:
        checked.has_table(record.test, record.test_hash)
    if damage:
        raise StoreError(damage[0].partition(": it is left out")[0], "remove it there, then again")
    for job in theirs:
        _check(job)
    return theirs


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
    _copy_rest(into, other)
    return Merged(copied, equal, tuple(conflicts), _copy_evaluations(into, other))


def _copy_rest(into: Store, other: Store) -> None:
    """Copy tables, splits, stress studies and runs that are whole there and not here."""
    for table in sorted((other.root / "tables").glob("[!.]*.parquet")):
        place = into.root / "tables" / table.name
        if label_tables.problem(place) and not label_tables.problem(table):
            write_atomically(place, partial(shutil.copyfile, table), lasting=True)
            label_tables.write_note(place)
    for split in sorted((other.root / "splits").glob("[!.]*.json")):
        found = read_record(split, SplitRecord)
        if found is not None:
            into.save_split(found)
    known = {study.id for study in into.stresses()}
    for study in other.stresses():
        if study.id not in known:
            into.save_stress(study)
    for run in other.runs():
        into.save_run(run)


def _copy_evaluations(into: Store, other: Store) -> int:
    """Copy evaluations; of those in both stores, a known finding of the audit replaces none."""
    known = {record.id: record for record in into.evaluations()}
    copied = 0
    for record in other.evaluations():
        ours = known.get(record.id)
        if ours is None or _tells_less(ours, record):
            write_sealed(into.root / "evaluations" / f"{record.id}.json", plain(record))
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
