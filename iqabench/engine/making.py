"""Makes one job of a plan, in whatever process: does its work and stores how it ended.

If a job raises an error, only this job fails: its traceback goes to its folder.
"""

from __future__ import annotations

import shutil
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import IqabenchError
from iqabench.contract.progress import Tick
from iqabench.engine.garbage import searched_often
from iqabench.engine.titles import title
from iqabench.kit.foreign import own_output
from iqabench.protocols.plan import FitJob, PredictJob
from iqabench.store import Job, Store
from iqabench.store.code import sources
from iqabench.store.files import write_atomically
from iqabench.store.folder import LOG, STAGES
from iqabench.store.records import JobRecord

if TYPE_CHECKING:
    from iqabench.engine.kinds.base import Fitted
    from iqabench.engine.predict_job import Predicted

Say = Callable[[str], None]
"""Shows a line to the user."""


@dataclass(frozen=True)
class Made:
    """A job that has ended."""

    job: Job
    fresh: bool = True
    """False if another run made the job while this one waited for it."""


@dataclass(frozen=True)
class _Failed:
    """Why a job failed."""

    error: str
    hint: str
    traceback: str = ""


def make(job: FitJob | PredictJob, store: Store, tick: Tick, say: Say) -> Made:
    """Make a job; where another run makes it at this moment, say so and wait for that one."""
    with store.writing(job.fingerprint, lambda: say(f"waits for another run: {title(job)}")) as at:
        known = store.job(job.fingerprint)
        # Another process may have made it meanwhile.
        if known is not None and known.done and store.reusable(job.fingerprint):
            return Made(known, fresh=False)
        record = _ended(job, store, at, tick)
        if record.done:
            _remove_stages(at)  # a failed fit may go on from them
        return Made(_stored(record, store, at))


def give_up(job: FitJob | PredictJob, store: Store, error: str, hint: str) -> Made:
    """Store that a job failed whose process cannot store it any more; it can be made again."""
    with store.writing(job.fingerprint) as folder:
        known = store.job(job.fingerprint)
        if known is not None and known.done:  # it died after its last file
            return Made(known)
        record = _record(job, _Failed(error, hint), datetime.now(UTC), 0.0)
        return Made(_stored(record, store, folder))


def _stored(record: JobRecord, store: Store, folder: Path) -> Job:
    write_atomically(folder / LOG, lambda part: part.write_text(_log(record), encoding="utf-8"))
    return store.finish(record)


def _remove_stages(folder: Path) -> None:
    """Remove the files that only an unfinished fit needs."""
    for scratch in folder.glob(STAGES):
        shutil.rmtree(scratch) if scratch.is_dir() else scratch.unlink()


def _ended(job: FitJob | PredictJob, store: Store, folder: Path, tick: Tick) -> JobRecord:
    """Do the work of a job; returns its record, also where it failed."""
    start, began = time.perf_counter(), datetime.now(UTC)
    try:
        with own_output(), searched_often():
            found: Fitted | Predicted | _Failed = _work(job, store, folder, tick)
    except (Exception, SystemExit) as error:
        hint = error.hint if isinstance(error, IqabenchError) else ""
        found = _Failed(f"{type(error).__name__}: {error}", hint, traceback.format_exc())
    return _record(job, found, began, time.perf_counter() - start)


def _record(
    job: FitJob | PredictJob,
    found: Fitted | Predicted | _Failed,
    began: datetime,
    seconds: float,
) -> JobRecord:
    return JobRecord(
        identity=job.identity,
        title=title(job),
        status="failed" if isinstance(found, _Failed) else "done",
        began=began.isoformat(),
        seconds=round(seconds, 3),
        sources=sources(job.model.card.factory),
        **_made_on(),
        **vars(found),
    )


def _made_on() -> dict[str, Any]:
    """What of this process decides the last digits of numbers; nothing if torch is not loaded."""
    torch = sys.modules.get("torch")
    if torch is None:
        return {}
    capability = torch.backends.cpu.get_cpu_capability()
    return {"threads": torch.get_num_threads(), "capability": capability}


def _work(job: FitJob | PredictJob, store: Store, folder: Path, tick: Tick) -> Fitted | Predicted:
    """Fit or predict.

    The imports stand here, so that torch is not imported if all jobs of a plan are done already.
    """
    if isinstance(job, FitJob):
        from iqabench.engine.kinds import adapter

        return adapter(job.model.card).fit(job, folder, tick)
    from iqabench.engine.predict_job import predict

    return predict(job, store, folder, tick)


def _log(record: JobRecord) -> str:
    lines = [f"{record.began} {record.title}", f"{record.status} after {record.seconds} s"]
    return "\n".join([*lines, *record.traceback.splitlines()]) + "\n"
