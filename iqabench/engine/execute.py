"""Has the jobs of a plan made that the store lacks, and records the evaluations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from iqabench.contract.progress import Watcher
from iqabench.engine.executors.base import Executor, Serial, Task
from iqabench.engine.titles import title
from iqabench.protocols.plan import Evaluation, FitJob, Plan, PredictJob
from iqabench.store import Store
from iqabench.store.records import JobRecord
from iqabench.store.run_records import RunRecord


@dataclass(frozen=True)
class Outcome:
    """How a run ended: jobs made and reused, and the fingerprints of those that failed.

    A fit that fails counts, and so does each prediction that lacks it. A job that another run made
    meanwhile counts as reused.
    """

    made: int
    """Number of jobs that this run made, failed ones included."""
    reused: int
    """Number of jobs that the store held already."""
    failed: tuple[str, ...]
    """Fingerprints of the jobs that failed."""


def execute(
    plan: Plan,
    store: Store,
    watch: Watcher,
    executor: Executor | None = None,
    run: RunRecord | None = None,
) -> Outcome:
    """Have every job of the plan made that the store lacks; first record the evaluations and, if
    it is given, the run.

    Raises:
        StoreError: the store cannot be written.
    """
    store.prepare()
    keep(plan.evaluations, store)
    for evaluation in plan.evaluations:
        store.save_evaluation(evaluation.record())
    if run is not None:
        store.save_run(run)
    tasks = list(_tasks(plan, store))
    if not tasks and plan.jobs:  # at once, because the statistics of thousands take a while
        watch.say(f"nothing to make: the store holds every job ({len(plan.jobs)})")
    made, failed = 0, set[str]()
    for task, ended in (executor or Serial()).make(tasks, store, watch) if tasks else ():
        made += ended.fresh
        if not ended.job.done:
            if not _follows(task.job, failed):
                watch.fail(_complaint(ended.job.record, ended.job.fingerprint))
            failed.add(ended.job.fingerprint)
    store.keep_known()
    ordered = (task.job.fingerprint for task in tasks)
    return Outcome(made, len(plan.jobs) - made, tuple(name for name in ordered if name in failed))


def _tasks(plan: Plan, store: Store) -> Iterable[Task]:
    """The jobs that the store lacks, in the order of the plan: fits before their predictions."""
    kept = _kept(plan, store)
    for number, job in enumerate(plan.jobs, 1):
        if job.fingerprint not in kept:
            yield Task(job, f"[{number}/{len(plan.jobs)}] {title(job)}")


def _kept(plan: Plan, store: Store) -> set[str]:
    """Fingerprints of the jobs that need not be made: they are done, and their files are intact.

    Weights are large: their hashes are compared where a prediction that is to be made needs them.
    """
    kept = {job.fingerprint for job in plan.jobs if _whole(job.fingerprint, store)}
    needed = {
        job.fit.fingerprint
        for job in plan.jobs
        if isinstance(job, PredictJob) and job.fit is not None and job.fingerprint not in kept
    }
    return kept - {name for name in needed & kept if not store.reusable(name)}


def _whole(fingerprint: str, store: Store) -> bool:
    """Whether a job is done and its files have their sizes, and its predictions their content."""
    known = store.ended(fingerprint)
    # The store tells what is damaged.
    return known is not None and known.done and (known.whole or store.reusable(fingerprint))


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
