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
    STORE/runs/ID.json                           the options of a run, to run it again
    STORE/cache/                                 statistics that can be made again
    STORE/removing.json                          only while results are removed: what goes

The JSON files hold the records of :mod:`iqabench.store.records` and
:mod:`iqabench.store.run_records` under a checksum (:mod:`iqabench.store.sealed`). A job is made in
``FINGERPRINT.partial``, which is renamed when the job is done. So a folder without the suffix is
complete. Of a job that failed the partial folder stays: a fit goes on from its last epoch.

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
from iqabench.store import intact, leftovers
from iqabench.store.ended import Ended, EndedJobs, facts_of
from iqabench.store.files import flush
from iqabench.store.formats import JOB, note_format, noted_format
from iqabench.store.formats import written_format as written_format
from iqabench.store.reading import read_record, remedy
from iqabench.store.records import EpochRecord, History, JobRecord, StoredFile, plain
from iqabench.store.sealed import write_sealed
from iqabench.store.shelf import Shelf

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

HISTORY, LOG = "history.json", "log.txt"
STAGES = "stage-*"
"""Files and folders of a job that only an unfinished fit needs."""
PREPARED = "stage-start.safetensors"
"""The weights with which the first stage begins, if the network prepared them."""
PREDICTIONS, WEIGHTS = "predictions.parquet", "weights.safetensors"
PARTS = ("jobs", "tables", "splits", "evaluations", "stress", "runs", "cache")
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

    @property
    def epochs(self) -> tuple[EpochRecord, ...]:
        """The epochs of a network's fit, in order; none of other jobs.

        Raises:
            StoreError: their file is damaged.
        """
        return epochs_in(self.folder)


def epochs_in(folder: Path) -> tuple[EpochRecord, ...]:
    """The finished epochs of a fit, which may go on, in order; none where the file is absent.

    Raises:
        StoreError: the file is damaged.
    """
    found = read_record(folder / HISTORY, History)
    return () if found is None else found.epochs


class Store(Shelf):
    """A folder of results.

    Opening a store writes nothing; :meth:`prepare` makes the folders. Every method that reads or
    writes records first checks the store's format. A record that is damaged counts as absent.
    """

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
            self.root.mkdir(parents=True, exist_ok=True)
            if noted_format(self.root) is not None:
                probe = self.root / f".probe-{uuid.uuid4().hex}"
                probe.touch()
                probe.unlink()
                leftovers.remove(self.root, leftovers.leftovers(self.root))
            else:
                note_format(self.root)
            for part in PARTS:  # after the format: folders without one are a store of format 1
                (self.root / part).mkdir(exist_ok=True)
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

    def reusable(self, fingerprint: str) -> bool:
        """Whether a done job need not be made again: whether all its files are as stored."""
        job = self.job(fingerprint)
        if job is None or not job.done:
            return False
        problem = intact.problem(job.folder, job.record.files)
        if problem:
            self._tell(job.folder, problem, remedy(job.record))
        return not problem

    @cached_property
    def _ended(self) -> EndedJobs:
        return EndedJobs(self._readable)

    def ended(self, fingerprint: str) -> Ended | None:
        """A few facts of the ended job of that fingerprint; None as for :meth:`job`.

        A job that was read before is not read again unless a file of it has changed.
        """
        found = self._ended.get(fingerprint)
        if found is None and (job := self.job(fingerprint)) is not None:
            found = facts_of(job.folder, job.record)
            self._ended.put(fingerprint, found)
        return found

    def all_ended(self) -> dict[str, Ended]:
        """The facts of all ended jobs, by fingerprint."""
        names = sorted(path.name for path in (self._readable / "jobs").glob("*"))
        every = {name: self.ended(name) for name in names if "." not in name}
        found = {name: one for name, one in every.items() if one is not None}
        self._ended.drop_others(set(found))
        self.keep_known()
        return found

    def keep_known(self) -> None:
        """Keep what was learnt of jobs and records, so that the next process need not read them."""
        self._ended.write()
        self._saved.write()

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
        found: pd.DataFrame = self.prediction_table(fingerprint).to_pandas()
        return found

    def prediction_table(self, fingerprint: str) -> pa.Table:
        """As :meth:`predictions`, but as Arrow reads it, in a third of the time."""
        from pyarrow.parquet import ParquetFile

        job = self.job(fingerprint)
        if job is None:
            raise StoreError(f"job {fingerprint} has no predictions", "run again")
        # pandas.read_parquet, which also reads folders, takes three times as long.
        with ParquetFile(job.folder / PREDICTIONS) as file:
            return file.read(use_threads=False)


def stored_files(folder: Path) -> tuple[StoredFile, ...]:
    """The name, hash and size of every file of a job's folder, except its record."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name != JOB)
    return tuple(
        StoredFile(name=path.name, sha256=sha256(path), bytes=path.stat().st_size) for path in found
    )


def default_root() -> Path:
    """``$IQABENCH_STORE`` or ./iqabench-results."""
    return Path(os.environ.get("IQABENCH_STORE") or "iqabench-results")
