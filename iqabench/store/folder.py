"""The result store: a folder that plain tools can read.

::

    STORE/store.json                             the format of the store
    STORE/jobs/FINGERPRINT/job.json              what the job was, how it ended, its files' hashes
                           predictions.parquet   predict jobs: image, prediction, error, notes;
                                                 rows of images first, then pristine pictures
                           weights.safetensors   fit jobs: the chosen epoch
                           history.json          fit jobs: losses and validation SROCC per epoch
                           log.txt
    STORE/tables/DATASET-HASH.parquet            the labels the job was judged by
                 DATASET-HASH.json               their hash
    STORE/splits/HASH.json                       contents of train, validation and test
    STORE/evaluations/ID.json                    which predictions count for which model and part
    STORE/stress/ID.json                         which predictions a stress study compares
    STORE/cache/                                 statistics that can be made again
    STORE/removing.json                          only while results are removed: what goes

The JSON files hold the records of :mod:`iqabench.store.records` under a
checksum (:mod:`iqabench.store.sealed`). A job is made in ``FINGERPRINT.partial``, which is renamed
when the job is done. So a folder without the suffix is complete. Of a job that failed the partial
folder stays: a fit goes on from its last epoch.

What is damaged counts as absent, so that the next run makes it again, and is named once.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from iqabench.contract.errors import StoreError, UsageError
from iqabench.kit.download import sha256
from iqabench.store import ended, garbage, intact, label_tables, removal
from iqabench.store.files import flush
from iqabench.store.formats import JOB, note_format, noted_format, written_format
from iqabench.store.reading import RUN_AGAIN, Kind, read_record, remedy
from iqabench.store.records import (
    FORMAT,
    EvaluationRecord,
    JobRecord,
    SplitRecord,
    StoredFile,
    StressRecord,
    plain,
)
from iqabench.store.sealed import write_sealed

if TYPE_CHECKING:
    import pandas as pd

HISTORY, LOG = "history.json", "log.txt"
STAGES = "stage-*"
"""Files and folders of a job that only an unfinished fit needs."""
PREDICTIONS, WEIGHTS = "predictions.parquet", "weights.safetensors"
PARTS = ("jobs", "tables", "splits", "evaluations", "stress", "cache")
"""The folders of a store."""
MOST_NAMED = 5
"""An error names at most this many of the jobs that could be meant."""
OLDEST_READABLE = 1
"""The oldest format that ``iqabench store upgrade`` can read."""


@dataclass(frozen=True)
class Job:
    """An ended job as the store holds it."""

    folder: Path
    record: JobRecord

    @property
    def fingerprint(self) -> str:
        """The job's name in the store."""
        return self.folder.name

    @property
    def done(self) -> bool:
        """Whether the job ended without an error."""
        return self.record.done


class Store:
    """A folder of results.

    Opening a store writes nothing; :meth:`prepare` makes the folders. Every method that reads or
    writes records first checks the store's format. A record that is damaged counts as absent.
    """

    def __init__(self, root: Path, say: Callable[[str], None] | None = None) -> None:
        """Name the folder.

        Args:
            root: the folder.
            say: is told once of everything damaged that is met, in one line each.
        """
        self.root = root
        self._say = say
        self._told: set[str] = set()

    def check(self) -> None:
        """Check, without writing, that the store can be written.

        Raises:
            StoreError: it cannot be written, or another release wrote it in another format.
        """
        place = self.root
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise StoreError(
                f"cannot write the store {self.root}: {place} is no folder that can be written",
                "name another with --store DIR or $IQABENCH_STORE",
            )
        self.readable()

    def prepare(self) -> None:
        """Make the folders and note the format.

        Raises:
            StoreError: the place cannot be written, or holds a store of another format.
        """
        self.readable()
        try:
            for part in PARTS:
                (self.root / part).mkdir(parents=True, exist_ok=True)
            if noted_format(self.root) is not None:
                probe = self.root / f".probe-{uuid.uuid4().hex}"
                probe.touch()
                probe.unlink()
                garbage.remove(self.root, garbage.leftovers(self.root))
            else:
                note_format(self.root)
        except OSError as error:
            raise StoreError(
                f"cannot write the store {self.root}: {error.strerror or error}",
                "name another with --store DIR or $IQABENCH_STORE",
            ) from error

    def job(self, fingerprint: str) -> Job | None:
        """The ended job of that fingerprint, done or failed; None if there is none.

        A job whose record or predictions are damaged counts as absent, and is told.
        """
        folder = self._readable / "jobs" / fingerprint
        record = self._record(folder / JOB, JobRecord)
        if record is None:
            return None
        problem = intact.problem(folder, record.files, [PREDICTIONS])
        if problem:
            self._tell(folder, problem, remedy(record))
            return None
        return Job(folder, record)

    def reusable(self, fingerprint: str, *, thorough: bool = True) -> bool:
        """Whether a done job need not be made again: whether it has all files as they were stored.

        ``thorough``: compare the hashes of large files, too, and not their sizes alone.
        """
        job = self.job(fingerprint)
        if job is None or not job.done:
            return False
        problem = intact.problem(job.folder, job.record.files, quick=not thorough)
        if problem:
            self._tell(job.folder, problem, remedy(job.record))
        return not problem

    @cached_property
    def _ended(self) -> ended.EndedJobs:
        return ended.EndedJobs(self._readable)

    def ended(self, fingerprint: str) -> ended.Ended | None:
        """A few facts of the ended job of that fingerprint; None as for :meth:`job`.

        A job that was read before is not read again unless a file of it has changed.
        """
        found = self._ended.get(fingerprint)
        if found is None and (job := self.job(fingerprint)) is not None:
            found = ended.ended(job.folder, job.record)
            self._ended.put(fingerprint, found)
        return found

    def all_ended(self) -> dict[str, ended.Ended]:
        """The facts of all ended jobs, by fingerprint."""
        names = sorted(path.name for path in (self._readable / "jobs").glob("*"))
        every = {name: self.ended(name) for name in names if "." not in name}
        found = {name: one for name, one in every.items() if one is not None}
        self._ended.drop_others(set(found))
        self.keep_ended()
        return found

    def keep_ended(self) -> None:
        """Keep the facts of jobs that were asked for, so that the next process finds them."""
        self._ended.write()

    def find(self, beginning: str) -> Job:
        """The ended job whose fingerprint begins with ``beginning``.

        Raises:
            UsageError: no fingerprint begins so, or several do.
        """
        folders = sorted((self._readable / "jobs").glob("*")) if beginning else []
        names = [path.name for path in folders if path.name.startswith(beginning)]
        found = [job for name in names if "." not in name and (job := self.job(name)) is not None]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(
                f"unknown job '{beginning}' in {self.root}", "`iqabench show` lists the jobs"
            )
        shown = [f"{job.fingerprint} ({job.record.title})" for job in found[:MOST_NAMED]]
        more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
        raise UsageError(
            f"'{beginning}' could be {', '.join(shown)}{more}", "give more digits of its name"
        )

    def jobs(self) -> Iterator[Job]:
        """All ended jobs, by fingerprint."""
        for folder in sorted((self._readable / "jobs").glob("*")):
            job = self.job(folder.name) if folder.suffix == "" else None
            if job is not None:
                yield job

    @contextmanager
    def writing(self, fingerprint: str, waits: Callable[[], None] | None = None) -> Iterator[Path]:
        """The partial folder of a job, locked so that only one process at a time writes to it.

        Files that an interrupted process left there are kept. ``waits`` is called before this
        process waits for another one.
        """
        folder = self._readable / "jobs" / f"{fingerprint}.partial"
        lock = FileLock(self.root / "jobs" / f".{fingerprint}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if waits is not None:
                waits()
            lock.acquire()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            yield folder
        finally:
            lock.release()

    def finish(self, record: JobRecord) -> Job:
        """Turn the partial folder of a job into the finished job.

        The record is stored with the sizes and hashes of the folder's files. A failed job of the
        same fingerprint is replaced. If this job failed, the partial folder stays, so that the
        next attempt can go on from what is there, and the finished job has its log and history.
        """
        fingerprint = record.identity.fingerprint
        partial = self.root / "jobs" / f"{fingerprint}.partial"
        ended = partial if record.done else self._failed(partial)
        record = record.model_copy(update={"files": stored_files(ended)})
        for file in record.files:
            flush(ended / file.name)
        write_sealed(ended / JOB, plain(record))
        folder = self.root / "jobs" / fingerprint
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        ended.rename(folder)
        flush(folder.parent)
        return Job(folder, record)

    def _failed(self, partial: Path) -> Path:
        """A folder with what a failed job leaves to read; what it can go on from stays."""
        ended = partial.with_suffix(".failed")
        shutil.rmtree(ended, ignore_errors=True)
        ended.mkdir()
        for path in partial.iterdir():
            if path.name in (LOG, HISTORY):
                shutil.copy(path, ended)
            if not path.match(STAGES) and path.name != HISTORY:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return ended

    def predictions(self, fingerprint: str) -> pd.DataFrame:
        """Predictions of a done predict job, pristine pictures last: image, prediction, error,
        notes.

        Raises:
            StoreError: they are damaged or gone.
        """
        import pandas as pd

        job = self.job(fingerprint)
        if job is None:
            raise StoreError(f"job {fingerprint} has no predictions", "run again")
        return pd.read_parquet(job.folder / PREDICTIONS)

    def save_table(self, name: str, data_hash: str, table: pd.DataFrame) -> None:
        """Keep the labels of a data set, so that reports do not need the data set."""
        path = label_tables.path(self._readable, name, data_hash)
        if path.exists() or label_tables.note(path).exists():
            self.has_table(name, data_hash)  # damage is told before it is mended
        label_tables.save(path, table)

    def has_table(self, name: str, data_hash: str) -> bool:
        """Whether the labels of a data set are kept and intact; damage is told."""
        path = label_tables.path(self._readable, name, data_hash)
        problem = label_tables.problem(path)
        if problem:
            self._tell(path, problem, RUN_AGAIN)
        return not problem

    def table(self, name: str, data_hash: str) -> pd.DataFrame:
        """The labels kept by :meth:`save_table`.

        Raises:
            StoreError: they are damaged or gone.
        """
        return label_tables.read(label_tables.path(self._readable, name, data_hash))

    def save_split(self, record: SplitRecord) -> None:
        """Keep a split under its hash."""
        if self.split(record.digest) != record:
            write_sealed(self._readable / "splits" / f"{record.digest}.json", plain(record))

    def split(self, split_hash: str) -> SplitRecord | None:
        """The split kept by :meth:`save_split`; None where there is none."""
        return self._record(self._readable / "splits" / f"{split_hash}.json", SplitRecord)

    def save_evaluation(self, record: EvaluationRecord) -> None:
        """Keep an evaluation under its ID."""
        path = self._readable / "evaluations" / f"{record.id}.json"
        if self._evaluation(path) != record:
            # There are thousands, and the next run writes again what a loss of power took.
            write_sealed(path, plain(record), lasting=False)

    def evaluation(self, name: str) -> EvaluationRecord | None:
        """The evaluation of that ID; None where there is none."""
        return self._evaluation(self._readable / "evaluations" / f"{name}.json")

    def evaluations(self) -> list[EvaluationRecord]:
        """All evaluations, by ID."""
        paths = sorted((self._readable / "evaluations").glob("[!.]*.json"))
        return [record for path in paths if (record := self._evaluation(path)) is not None]

    @cached_property
    def _evaluations(self) -> dict[str, tuple[str, EvaluationRecord]]:
        return {}

    def _evaluation(self, path: Path) -> EvaluationRecord | None:
        """The evaluation in a file, which is read again only if it has changed."""
        stamp = intact.stamp_text(str(path))
        known = self._evaluations.get(path.name)
        if known is not None and known[0] == stamp:
            return known[1]
        record = self._record(path, EvaluationRecord)
        if record is not None:
            self._evaluations[path.name] = stamp, record
        return record

    def save_stress(self, record: StressRecord) -> None:
        """Keep a stress study in place of an earlier one of the same ID."""
        write_sealed(self._readable / "stress" / f"{record.id}.json", plain(record))

    def stresses(self) -> Iterator[StressRecord]:
        """All stress studies, by ID."""
        yield from self._all("stress", StressRecord)

    def _all(self, part: str, kind: type[Kind]) -> Iterator[Kind]:
        for path in sorted((self._readable / part).glob("[!.]*.json")):
            record = self._record(path, kind)
            if record is not None:
                yield record

    def _record(self, path: Path, kind: type[Kind]) -> Kind | None:
        """The record in a file; None where it is absent, or damaged, which is told."""
        try:
            return read_record(path, kind)
        except StoreError as error:
            self._tell_line(f"{error.message}: it is left out; {error.hint}")
            return None

    def _tell(self, path: Path, problem: str, remedy: str) -> None:
        self._tell_line(f"{path} is damaged: {problem}: it is left out; {remedy}")

    def _tell_line(self, line: str) -> None:
        if line not in self._told:
            self._told.add(line)
            if self._say is not None:
                self._say(line)

    def readable(self) -> None:
        """Check that this release can read the store.

        Raises:
            StoreError: another release wrote it in another format.
        """
        _ = self._readable

    @cached_property
    def _readable(self) -> Path:
        """The root, after a check that the store has this release's format."""
        found = written_format(self.root)
        if found is None or found == FORMAT:
            try:
                removal.finish(self.root)
            except StoreError as error:  # the store is read all the same
                self._tell_line(f"{error.message}: {error.hint}")
            return self.root
        problem = f"the store {self.root} has format {found}, and this release reads {FORMAT}"
        if found > FORMAT:
            raise StoreError(problem, "a later release of iqabench wrote it: install that one")
        raise StoreError(problem, f"iqabench store upgrade --store {self.root}")


def stored_files(folder: Path) -> tuple[StoredFile, ...]:
    """The name, hash and size of every file of a job's folder, except its record."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name != JOB)
    return tuple(
        StoredFile(name=path.name, sha256=sha256(path), bytes=path.stat().st_size) for path in found
    )


def default_root() -> Path:
    """``$IQABENCH_STORE`` or ./iqabench-results."""
    return Path(os.environ.get("IQABENCH_STORE") or "iqabench-results")
