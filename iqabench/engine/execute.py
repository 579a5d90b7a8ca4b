"""Makes the jobs of a plan one after the other and records the evaluations.

If a job raises an error, only this job fails: its traceback goes to its folder, and the other jobs
go on.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import IqabenchError
from iqabench.contract.progress import Tick, Watcher
from iqabench.kit.foreign import own_output
from iqabench.protocols.plan import Evaluation, FitJob, Plan, PredictJob
from iqabench.store import Job, Store
from iqabench.store.code import sources
from iqabench.store.folder import LOG, STAGES
from iqabench.store.records import JobRecord

if TYPE_CHECKING:
    from iqabench.engine.kinds.base import Fitted
    from iqabench.engine.predict_job import Predicted


@dataclass(frozen=True)
class Outcome:
    """How a run ended: jobs made and reused, and the fingerprints of those that failed.

    A fit that fails counts, and so does each prediction that lacks it.
    """

    made: int
    reused: int
    failed: tuple[str, ...]


@dataclass(frozen=True)
class _Failed:
    """Why a job failed."""

    error: str
    hint: str
    traceback: str


def execute(plan: Plan, store: Store, watch: Watcher) -> Outcome:
    """Make every job of the plan that the store lacks, and record the evaluations.

    Raises:
        StoreError: the store cannot be written.
    """
    store.prepare()
    keep(plan.evaluations, store)
    for evaluation in plan.evaluations:
        store.save_evaluation(evaluation.record())
    made, reused = 0, 0
    failed: list[str] = []
    for number, job in enumerate(plan.jobs, 1):
        known = store.ended(job.fingerprint)
        if known is not None and known.done:
            reused += 1
            continue
        done = _make(job, store, watch, f"[{number}/{len(plan.jobs)}] {title(job)}")
        made += 1
        if not done.done:
            if not _follows(job, failed):
                watch.fail(_complaint(done.record, done.fingerprint))
            failed.append(done.fingerprint)
    store.keep_ended()
    return Outcome(made, reused, tuple(failed))


def _follows(job: FitJob | PredictJob, failed: Collection[str]) -> bool:
    """Whether a job failed because its fit failed, which has been said."""
    return isinstance(job, PredictJob) and job.fit is not None and job.fit.fingerprint in failed


def _complaint(record: JobRecord, fingerprint: str) -> str:
    """One line about a failed job."""
    hint = f"; {record.hint}" if record.hint else ""
    return f"failed: {record.title}: {record.error}{hint} (iqabench show {fingerprint} tells more)"


def keep(evaluations: Iterable[Evaluation], store: Store) -> None:
    """Keep the labels and splits of the evaluations, so that reports do not need the data sets."""
    parts = {id(evaluation.part): evaluation.part for evaluation in evaluations}.values()
    for test in {id(part.test): part.test for part in parts}.values():
        store.save_table(test.name, test.hash, test.table)
    for split in {part.split.hash: part.split for part in parts if part.split is not None}.values():
        store.save_split(split.record())


def title(job: FitJob | PredictJob) -> str:
    """A job in a few words."""
    if isinstance(job, FitJob):
        return f"fit {job.model.label} on {job.dataset.name}, {_repetition(job)}"
    part = "" if job.contents is None else ", test part"
    repetition = f", {_repetition(job.fit)}" if job.fit is not None else ""
    return f"predict {job.dataset.name}{part} with {job.model.label}{repetition}"


def _repetition(job: FitJob) -> str:
    return f"seed {job.seed} (split {job.split.hash[:6]})"


def _make(job: FitJob | PredictJob, store: Store, watch: Watcher, name: str) -> Job:
    with store.writing(job.fingerprint) as folder, watch.task(name) as tick:
        known = store.job(job.fingerprint)
        if known is not None and known.done:  # another process made it meanwhile
            return known
        record = _ended(job, store, folder, tick)
        if record.done:
            _remove_stages(folder)  # a failed fit may go on from them
        (folder / LOG).write_text(_log(record), encoding="utf-8")
        return store.finish(record)


def _remove_stages(folder: Path) -> None:
    """Remove the files that only an unfinished fit needs."""
    for scratch in folder.glob(STAGES):
        shutil.rmtree(scratch) if scratch.is_dir() else scratch.unlink()


def _ended(job: FitJob | PredictJob, store: Store, folder: Path, tick: Tick) -> JobRecord:
    """Do the work of a job; returns its record, also where it failed."""
    start, began = time.perf_counter(), datetime.now(UTC)
    try:
        with own_output():
            found: Fitted | Predicted | _Failed = _work(job, store, folder, tick)
    except (Exception, SystemExit) as error:
        hint = error.hint if isinstance(error, IqabenchError) else ""
        found = _Failed(f"{type(error).__name__}: {error}", hint, traceback.format_exc())
    return JobRecord(
        identity=job.identity,
        title=title(job),
        status="failed" if isinstance(found, _Failed) else "done",
        began=began.isoformat(),
        seconds=round(time.perf_counter() - start, 3),
        sources=sources(job.model.card.factory),
        **vars(found),
    )


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
