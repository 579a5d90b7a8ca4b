"""Finds what nothing in a store refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from iqabench.store.leftovers import Garbage, item, leftovers
from iqabench.store.records import (
    JOB_WEIGHTS,
    EvaluationRecord,
    FitIdentity,
    ImportIdentity,
    PredictIdentity,
    StressRecord,
)

if TYPE_CHECKING:
    from iqabench.store.folder import Job, Store


def garbage(store: Store) -> Iterator[Garbage]:
    """What nothing in a store refers to, and leftovers of dead processes.

    The unfinished fit of a job that an evaluation waits for stays: the next run goes on from it.
    The store must be whole (:mod:`iqabench.store.check`): a damaged record refers to nothing.
    """
    evaluations, stresses, jobs = store.evaluations(), list(store.stresses()), list(store.jobs())
    named = {name for one in evaluations for name in (one.predict, one.fit) if name}
    named |= {name for one in stresses for change in one.changes for name in change.predict}
    used = with_fits(named, {job.fingerprint: job for job in jobs}.get)
    for job in jobs:
        if job.fingerprint not in used:
            yield item(job.folder, f"no result uses it: {job.record.title}")
    judged: list[EvaluationRecord | StressRecord] = [*evaluations, *stresses]
    tables = {f"{one.test}-{one.test_hash}" for one in judged}
    for path in sorted((store.root / "tables").glob("[!.]*")):
        if path.stem not in tables:
            yield item(path, "no result was judged by these labels")
    splits = {one.split for one in evaluations}
    splits |= {
        job.record.identity.split
        for job in jobs
        if job.fingerprint in used and isinstance(job.record.identity, FitIdentity)
    }
    for path in sorted((store.root / "splits").glob("[!.]*")):
        if path.stem not in splits:
            yield item(path, "no result uses this split")
    for run in store.runs():
        if named.isdisjoint(run.jobs):
            yield item(store.root / "runs" / f"{run.id}.json", "no result of this run is left")
    yield from leftovers(store.root, used)


def with_fits(names: Iterable[str], job: Callable[[str], Job | None]) -> set[str]:
    """Fingerprints of jobs, and of the fit jobs whose weights they use."""
    found: set[str] = set()
    open_ends = [*names]
    while open_ends:
        name = open_ends.pop()
        if name in found:
            continue
        found.add(name)
        known = job(name)
        identity = known.record.identity if known is not None else None
        if identity is None or isinstance(identity, ImportIdentity):
            continue
        if isinstance(identity, PredictIdentity) and identity.fit is not None:
            open_ends.append(identity.fit)
        if identity.model.weights.startswith(JOB_WEIGHTS):
            open_ends.append(identity.model.weights.removeprefix(JOB_WEIGHTS))
    return found
