"""The result store: a folder that plain tools can read.

::

    STORE/jobs/FINGERPRINT/job.json              what the job was, how it ended, how long it took
                           predictions.parquet   predict jobs: image, prediction, error, notes;
                                                 after the images the pristine pictures behind them
                           weights.safetensors   fit jobs: the chosen epoch
                           history.json          fit jobs: losses and validation SROCC per epoch
                           log.txt
    STORE/tables/DATASET-HASH.parquet            the labels the job was judged by
    STORE/splits/HASH.json                       contents of train, validation and test
    STORE/evaluations/ID.json                    which predictions count for which model and part
    STORE/stress/ID.json                         which predictions a stress study compares
    STORE/cache/                                 statistics that can be made again

A job is made in ``FINGERPRINT.partial`` and renamed when it is done, so that a folder without the
suffix is whole.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from iqabench.contract.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Job:
    """A finished job as the store holds it."""

    folder: Path
    record: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """The job's name in the store."""
        return self.folder.name

    @property
    def done(self) -> bool:
        """Whether it ended well."""
        return bool(self.record.get("status") == "done")


class Store:
    """A folder of results.

    Opening one writes nothing; :meth:`prepare` makes it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def check(self) -> None:
        """See whether the store could be written, without writing.

        Raises:
            StoreError: it could not.
        """
        place = self.root
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
            raise StoreError(
                f"cannot write the store {self.root}: {place} is no folder that can be written",
                "name another with --store DIR or $IQABENCH_STORE",
            )

    def prepare(self) -> None:
        """Make the folders.

        Raises:
            StoreError: the place cannot be written.
        """
        try:
            for part in ("jobs", "tables", "splits", "evaluations", "stress", "cache"):
                (self.root / part).mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe-{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise StoreError(
                f"cannot write the store {self.root}: {error.strerror or error}",
                "name another with --store DIR or $IQABENCH_STORE",
            ) from error

    def job(self, fingerprint: str) -> Job | None:
        """The finished job of that fingerprint, failed ones included."""
        folder = self.root / "jobs" / fingerprint
        record = _read_json(folder / "job.json")
        return Job(folder, record) if record is not None else None

    def jobs(self) -> Iterator[Job]:
        """All finished jobs, by fingerprint."""
        for folder in sorted((self.root / "jobs").glob("*")):
            record = _read_json(folder / "job.json") if folder.suffix == "" else None
            if record is not None:
                yield Job(folder, record)

    @contextmanager
    def writing(self, fingerprint: str) -> Iterator[Path]:
        """The partial folder of a job, for one process at a time; what it held before is kept."""
        folder = self.root / "jobs" / f"{fingerprint}.partial"
        with FileLock(self.root / "jobs" / f".{fingerprint}.lock"):
            folder.mkdir(parents=True, exist_ok=True)
            yield folder

    def finish(self, fingerprint: str, record: Mapping[str, Any]) -> Job:
        """Turn a partial folder into the finished job, replacing a failed one of that name."""
        partial = self.root / "jobs" / f"{fingerprint}.partial"
        write_json(partial / "job.json", record)
        folder = self.root / "jobs" / fingerprint
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
        return Job(folder, record)

    def predictions(self, fingerprint: str) -> pd.DataFrame:
        """Predictions of a done predict job, pristine pictures last: image, prediction, error,
        notes.
        """
        import pandas as pd

        return pd.read_parquet(self.root / "jobs" / fingerprint / "predictions.parquet")

    def save_table(self, name: str, data_hash: str, table: pd.DataFrame) -> None:
        """Keep the labels of a data set, so that reports need no data."""
        path = self.root / "tables" / f"{name}-{data_hash}.parquet"
        if not path.exists():
            write_atomically(path, lambda part: table.to_parquet(part, index=False))

    def table(self, name: str, data_hash: str) -> pd.DataFrame:
        """The labels kept by :meth:`save_table`."""
        import pandas as pd

        return pd.read_parquet(self.root / "tables" / f"{name}-{data_hash}.parquet")

    def save_split(self, split_hash: str, record: Mapping[str, Any]) -> None:
        """Keep a split's contents under its hash."""
        path = self.root / "splits" / f"{split_hash}.json"
        if not path.exists():
            write_json(path, record)

    def split(self, split_hash: str) -> dict[str, Any]:
        """The split kept by :meth:`save_split`."""
        record: dict[str, Any] = json.loads(
            (self.root / "splits" / f"{split_hash}.json").read_text(encoding="utf-8")
        )
        return record

    def save_evaluation(self, identity: str, record: Mapping[str, Any]) -> None:
        """Record that some job's predictions count for a model on a part of a data set."""
        path = self.root / "evaluations" / f"{identity}.json"
        if _read_json(path) != dict(record):
            write_json(path, record)

    def evaluations(self) -> list[dict[str, Any]]:
        """All evaluations, by identity, each with its ``id``."""
        found = []
        for path in sorted((self.root / "evaluations").glob("*.json")):
            record = _read_json(path)
            if record is not None:
                found.append({"id": path.stem, **record})
        return found

    def save_stress(self, identity: str, record: Mapping[str, Any]) -> None:
        """Record which predictions show how far a model's scores move, replacing what was known."""
        write_json(self.root / "stress" / f"{identity}.json", record)

    def stresses(self) -> Iterator[dict[str, Any]]:
        """All records kept by :meth:`save_stress`, by identity."""
        for path in sorted((self.root / "stress").glob("*.json")):
            record = _read_json(path)
            if record is not None:
                yield record


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def write_atomically(path: Path, write: Any) -> None:
    """Call ``write(temporary_path)`` and rename the result to ``path``."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write a ``.npy`` file whole or not at all, making its folder."""
    import numpy as np

    def save(part: Path) -> None:
        with part.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise StoreError(f"{path} is damaged: {error}", "remove it; run again") from error
    return record


def default_root() -> Path:
    """``$IQABENCH_STORE`` or ./iqabench-results."""
    return Path(os.environ.get("IQABENCH_STORE") or "iqabench-results")
