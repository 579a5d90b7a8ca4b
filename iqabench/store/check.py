"""Checks everything in a store: checksums, records, and what they refer to."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iqabench.contract.errors import StoreError
from iqabench.contract.progress import Tick
from iqabench.store import intact, label_tables
from iqabench.store.folder import Store
from iqabench.store.formats import JOB, STORE, noted_format
from iqabench.store.reading import RUN_AGAIN, Kind, read_record, remedy
from iqabench.store.records import (
    IMPORTED,
    EvaluationRecord,
    JobRecord,
    PredictIdentity,
    SplitRecord,
    StressRecord,
)
from iqabench.store.run_records import RunRecord
from iqabench.store.sealed import read_sealed

CACHE_AGAIN = "it is made again when it is needed"
NOTED_AGAIN = "the same run, begun again, notes it again"
STRESS_AGAIN = "iqabench study stress makes it again"


@dataclass(frozen=True)
class Damage:
    """Something in a store that is not as it was stored, or is gone."""

    path: Path
    problem: str
    remedy: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.path} is damaged: {self.problem}; {self.remedy}"


def damages(store: Store, tick: Tick, is_whole: Callable[[Path], bool]) -> Iterator[Damage]:
    """Everything that is damaged. Every file of the store is read; nothing is written.

    Args:
        store: results.
        tick: shows progress.
        is_whole: whether a file of arrays in the cache is as it was written.

    Raises:
        StoreError: another release wrote the store in another format.
    """
    store.readable()
    if noted_format(store.root) is None:
        yield Damage(store.root / STORE, "it names no format", RUN_AGAIN)
    found = _Checked(store.root, {}, set(), set())
    yield from found.jobs(tick)
    yield from found.tables()
    yield from found.splits()
    yield from found.evaluations()
    yield from found.stresses()
    yield from found.runs()
    yield from _caches(store.root / "cache", is_whole)


def remove(damage: Damage) -> None:
    """Remove what is damaged, so that it is made again.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        if damage.path.is_dir():
            shutil.rmtree(damage.path)
        else:
            damage.path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot remove {damage.path}: {error.strerror or error}", "is it yours to write?"
        ) from error


@dataclass(frozen=True)
class _Checked:
    """The parts of a store that were found whole."""

    root: Path
    whole: dict[str, JobRecord]
    tables_kept: set[str]
    splits_kept: set[str]

    def jobs(self, tick: Tick) -> Iterator[Damage]:
        folders = [path for path in sorted((self.root / "jobs").glob("[!.]*")) if not path.suffix]
        for done, folder in enumerate(folders, 1):
            problem, again = _job(folder, self.whole)
            if problem:
                yield Damage(folder, problem, again)
            tick(done, len(folders), "jobs")
        for name, record in self.whole.items():
            identity = record.identity
            fit = identity.fit if isinstance(identity, PredictIdentity) else None
            if fit is not None and not (self.root / "jobs" / fit).exists():
                yield Damage(self.root / "jobs" / name, f"its fit job {fit} is gone", RUN_AGAIN)

    def tables(self) -> Iterator[Damage]:
        names = {path.with_suffix("") for path in (self.root / "tables").glob("[!.]*")}
        for name in sorted(names):
            place = name.with_name(f"{name.name}.parquet")
            problem = label_tables.problem(place)
            if problem:
                yield Damage(place, problem, RUN_AGAIN)
            self.tables_kept.add(place.stem)

    def splits(self) -> Iterator[Damage]:
        for path in sorted((self.root / "splits").glob("[!.]*")):
            record, damage = _read(path, SplitRecord)
            if damage is None and record is not None and record.digest != path.stem:
                damage = Damage(path, "it has the name of another split", RUN_AGAIN)
            if damage is not None:
                yield damage
            self.splits_kept.add(path.stem)

    def evaluations(self) -> Iterator[Damage]:
        for path in sorted((self.root / "evaluations").glob("[!.]*")):
            record, damage = _read(path, EvaluationRecord)
            if record is not None:
                damage = self._evaluation(path, record)
            if damage is not None:
                yield damage

    def _evaluation(self, path: Path, record: EvaluationRecord) -> Damage | None:
        if record.id != path.stem:
            return Damage(path, "it has the name of another evaluation", RUN_AGAIN)
        lacking = self._lacking(record.test, record.test_hash)
        if not lacking and record.split and record.split not in self.splits_kept:
            lacking = f"split {record.split}"
        imported = record.model == IMPORTED
        # Of a run that was interrupted, evaluations wait for jobs; an import stores its job first.
        if not lacking and imported and not (self.root / "jobs" / record.predict).exists():
            lacking = f"import {record.predict}"
        again = "import the scores again" if imported else RUN_AGAIN
        return Damage(path, f"{lacking} is gone", again) if lacking else None

    def stresses(self) -> Iterator[Damage]:
        for path in sorted((self.root / "stress").glob("[!.]*")):
            record, damage = _read(path, StressRecord, STRESS_AGAIN)
            if record is not None:
                lacking = self._lacking(record.test, record.test_hash)
                named = {name for change in record.changes for name in change.predict}
                gone = sorted(name for name in named if not (self.root / "jobs" / name).exists())
                lacking = lacking or (f"job {gone[0]}" if gone else "")
                if record.id != path.stem:
                    damage = Damage(path, "it has the name of another study", STRESS_AGAIN)
                elif lacking:
                    damage = Damage(path, f"{lacking} is gone", STRESS_AGAIN)
            if damage is not None:
                yield damage

    def runs(self) -> Iterator[Damage]:
        for path in sorted((self.root / "runs").glob("[!.]*")):
            record, damage = _read(path, RunRecord, NOTED_AGAIN)
            if record is not None and record.id != path.stem:
                damage = Damage(path, "it has the name of another run", NOTED_AGAIN)
            if damage is not None:
                yield damage

    def _lacking(self, name: str, data_hash: str) -> str:
        table = f"{name}-{data_hash}"
        return "" if table in self.tables_kept else f"the table of labels {table}"


def _job(folder: Path, whole: dict[str, JobRecord]) -> tuple[str, str]:
    """What is wrong with a job's folder, and how it is made again."""
    try:
        record = read_record(folder / JOB, JobRecord)
    except StoreError as error:
        return error.message.partition(" is damaged: ")[2] or error.message, RUN_AGAIN
    if record is None:
        return f"{JOB} is gone", RUN_AGAIN
    problem = intact.problem(folder, record.files)
    named = {file.name for file in record.files} | {JOB}
    more = sorted(path.name for path in folder.iterdir() if path.name not in named)
    if not problem and more:
        problem = f"its record does not name {more[0]}"
    if not problem and record.identity.fingerprint != folder.name:
        problem = "it has the name of another job"
    if not problem:
        whole[folder.name] = record
    return problem, remedy(record)


def _read(
    path: Path, kind: type[Kind], again: str = RUN_AGAIN
) -> tuple[Kind | None, Damage | None]:
    try:
        return read_record(path, kind), None
    except StoreError as error:
        problem = error.message.partition(" is damaged: ")[2] or error.message
        return None, Damage(path, problem, again)


def _caches(folder: Path, is_whole: Callable[[Path], bool]) -> Iterator[Damage]:
    for path in sorted(folder.glob("[!.]*")):
        if not (read_sealed(path) is not None if path.suffix == ".json" else is_whole(path)):
            yield Damage(path, "its content does not fit its checksum", CACHE_AGAIN)
