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
    STORE/splits/HASH.json                       contents of train, validation and test
    STORE/evaluations/ID.json                    which predictions count for which model and part
    STORE/stress/ID.json                         which predictions a stress study compares
    STORE/cache/                                 statistics that can be made again
    STORE/removing.json                          only while results are removed: what goes

The JSON files hold the records of :mod:`iqabench.store.records`. A job is made in
``FINGERPRINT.partial``, which is renamed when the job is done. So a folder without the suffix is
complete. Of a job that failed the partial folder stays: a fit goes on from its last epoch.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock
from pydantic import BaseModel, ValidationError

from iqabench.contract.errors import StoreError, UsageError
from iqabench.kit.download import sha256
from iqabench.store import removal
from iqabench.store.files import write_atomically, write_json
from iqabench.store.records import (
    FORMAT,
    EvaluationRecord,
    JobRecord,
    SplitRecord,
    StoredFile,
    StoreRecord,
    StressRecord,
    plain,
)

if TYPE_CHECKING:
    import pandas as pd

JOB, STORE, HISTORY, LOG = "job.json", "store.json", "history.json", "log.txt"
STAGES = "stage-*"
"""Files and folders of a job that only an unfinished fit needs."""
PREDICTIONS, WEIGHTS = "predictions.parquet", "weights.safetensors"
PARTS = ("jobs", "tables", "splits", "evaluations", "stress", "cache")
"""The folders of a store."""
MOST_NAMED = 5
"""An error names at most this many of the jobs that could be meant."""
OLDEST_READABLE = 1
"""The oldest format that ``iqabench store upgrade`` can read."""
Kind = TypeVar("Kind", bound=BaseModel)


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
    writes records first checks the store's format.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

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
            if (self.root / STORE).exists():
                probe = self.root / f".probe-{uuid.uuid4().hex}"
                probe.touch()
                probe.unlink()
            else:
                write_json(self.root / STORE, plain(StoreRecord(format=FORMAT)))
        except OSError as error:
            raise StoreError(
                f"cannot write the store {self.root}: {error.strerror or error}",
                "name another with --store DIR or $IQABENCH_STORE",
            ) from error

    def job(self, fingerprint: str) -> Job | None:
        """The ended job of that fingerprint, done or failed; None if there is none."""
        folder = self._readable / "jobs" / fingerprint
        record = read_record(folder / JOB, JobRecord)
        return Job(folder, record) if record is not None else None

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
            record = read_record(folder / JOB, JobRecord) if folder.suffix == "" else None
            if record is not None:
                yield Job(folder, record)

    @contextmanager
    def writing(self, fingerprint: str) -> Iterator[Path]:
        """The partial folder of a job, locked so that only one process at a time writes to it.

        Files that an interrupted process left there are kept.
        """
        folder = self._readable / "jobs" / f"{fingerprint}.partial"
        with FileLock(self.root / "jobs" / f".{fingerprint}.lock"):
            folder.mkdir(parents=True, exist_ok=True)
            yield folder

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
        write_json(ended / JOB, plain(record))
        folder = self.root / "jobs" / fingerprint
        if folder.exists():
            shutil.rmtree(folder)
        ended.rename(folder)
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
        """
        import pandas as pd

        return pd.read_parquet(self.root / "jobs" / fingerprint / PREDICTIONS)

    def save_table(self, name: str, data_hash: str, table: pd.DataFrame) -> None:
        """Keep the labels of a data set, so that reports do not need the data set."""
        path = self.root / "tables" / f"{name}-{data_hash}.parquet"
        if not path.exists():
            write_atomically(path, lambda part: table.to_parquet(part, index=False))

    def table(self, name: str, data_hash: str) -> pd.DataFrame:
        """The labels kept by :meth:`save_table`."""
        import pandas as pd

        return pd.read_parquet(self.root / "tables" / f"{name}-{data_hash}.parquet")

    def save_split(self, record: SplitRecord) -> None:
        """Keep a split under its hash."""
        path = self._readable / "splits" / f"{record.digest}.json"
        if not path.exists():
            write_json(path, plain(record))

    def split(self, split_hash: str) -> SplitRecord | None:
        """The split kept by :meth:`save_split`; None where there is none."""
        return read_record(self._readable / "splits" / f"{split_hash}.json", SplitRecord)

    def save_evaluation(self, record: EvaluationRecord) -> None:
        """Keep an evaluation under its ID."""
        path = self._readable / "evaluations" / f"{record.id}.json"
        if read_record(path, EvaluationRecord) != record:
            write_json(path, plain(record))

    def evaluation(self, name: str) -> EvaluationRecord | None:
        """The evaluation of that ID; None where there is none."""
        return read_record(self._readable / "evaluations" / f"{name}.json", EvaluationRecord)

    def evaluations(self) -> list[EvaluationRecord]:
        """All evaluations, by ID."""
        return list(self._all("evaluations", EvaluationRecord))

    def save_stress(self, record: StressRecord) -> None:
        """Keep a stress study in place of an earlier one of the same ID."""
        write_json(self._readable / "stress" / f"{record.id}.json", plain(record))

    def stresses(self) -> Iterator[StressRecord]:
        """All stress studies, by ID."""
        yield from self._all("stress", StressRecord)

    def _all(self, part: str, kind: type[Kind]) -> Iterator[Kind]:
        for path in sorted((self._readable / part).glob("*.json")):
            record = read_record(path, kind)
            if record is not None:
                yield record

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
            removal.finish(self.root)
            return self.root
        problem = f"the store {self.root} has format {found}, and this release reads {FORMAT}"
        if found > FORMAT:
            raise StoreError(problem, "a later release of iqabench wrote it: install that one")
        raise StoreError(problem, f"iqabench store upgrade --store {self.root}")


def written_format(root: Path) -> int | None:
    """The format of the store at ``root``; None where there is no store yet."""
    record = read_record(root / STORE, StoreRecord)
    if record is not None:
        return record.format
    # Releases before format 2 wrote no such file.
    return 1 if (root / "jobs").is_dir() else None


def read_record(path: Path, kind: type[Kind]) -> Kind | None:
    """The record in a JSON file; None where there is no file.

    Raises:
        StoreError: the file holds no such record.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise StoreError(f"{path} is damaged: {flaw(error)}", "remove it; run again") from error


def flaw(error: ValidationError) -> str:
    """The first thing that is wrong with a record: the field, if it is one, and what is wrong."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else str(first["msg"])


def stored_files(folder: Path) -> tuple[StoredFile, ...]:
    """The name, hash and size of every file of a job's folder, except its record."""
    found = sorted(path for path in folder.iterdir() if path.is_file() and path.name != JOB)
    return tuple(
        StoredFile(name=path.name, sha256=sha256(path), bytes=path.stat().st_size) for path in found
    )


def default_root() -> Path:
    """``$IQABENCH_STORE`` or ./iqabench-results."""
    return Path(os.environ.get("IQABENCH_STORE") or "iqabench-results")
