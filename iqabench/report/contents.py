"""What a store holds: its rows, their jobs and sizes, and what a removal would take away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report.evaluations import Group, groups, where_tested
from iqabench.report.tables import Row, counted
from iqabench.store import Job, Store
from iqabench.store.garbage import with_fits
from iqabench.store.records import EvaluationRecord, StressRecord

SHORT = 8
"""Number of digits of a job's ID that a table shows."""
MOST = 4
"""Number of IDs that a row shows."""


@dataclass(frozen=True)
class Removal:
    """What a removal takes away."""

    rows: list[Row]
    """The rows of the leaderboard that go or lose repetitions, as :func:`rows_of` makes them."""
    evaluations: tuple[str, ...]
    stresses: tuple[str, ...]
    """IDs of stress studies."""
    jobs: tuple[str, ...]
    """Fingerprints of the jobs that nothing else refers to."""
    bytes: int
    """Size of these jobs."""


def rows_of(store: Store, found: Sequence[Group]) -> list[Row]:
    """One row per group: model, sets, repetitions with predictions, jobs, their IDs and size."""
    jobs = {job.fingerprint: job for job in store.jobs()}
    return [_row(group, jobs) for group in found]


def _row(group: Group, jobs: dict[str, Job]) -> Row:
    names = dict.fromkeys(
        name for record in group.evaluations for name in (record.fit, record.predict) if name
    )
    own = [jobs[name] for name in names if name in jobs]
    done = sum(r.predict in jobs and jobs[r.predict].done for r in group.evaluations)
    more = len(own) - MOST
    return {
        "model": group.name,
        **where_tested(group),
        "runs": f"{done}/{len(group.evaluations)}",
        "jobs": len(own),
        "IDs": " ".join(job.fingerprint[:SHORT] for job in own[:MOST])
        + (f" and {more} more" if more > 0 else ""),
        "MB": round(sum(map(_size, own)) / 1e6, 3),
        "last": max((job.record.began[:16].replace("T", " ") for job in own), default=""),
    }


def _size(job: Job) -> int:
    return sum(file.bytes for file in job.record.files)


def notes(store: Store) -> list[str]:
    """The size of the whole store, and the jobs that no row or stress study refers to."""
    used = _used(store, store.evaluations(), store.stresses(), ())
    jobs = list(store.jobs())
    free = [job for job in jobs if job.fingerprint not in used]
    lines = [f"{counted(len(jobs), 'job')}, {sum(map(_size, jobs)) / 1e6:.3f} MB in {store.root}"]
    if free:
        names = " ".join(job.fingerprint[:SHORT] for job in free[:MOST])
        more = f" and {len(free) - MOST} more" if len(free) > MOST else ""
        lines.append(f"no row uses {len(free)} of them: {names}{more}")
    return lines


def removal(
    store: Store, what: Sequence[str] = (), datasets: Sequence[str] = (), failed: bool = False
) -> Removal:
    """What a removal of results would take away.

    Args:
        store: results.
        what: labels, names of rows, or beginnings of jobs' IDs; if empty, all models.
        datasets: test sets; if empty, all.
        failed: only rows without any prediction.

    Raises:
        UsageError: nothing limits the removal, or nothing fits.
        UnknownNameError: the store has no such model, job or test set.
    """
    if not (what or datasets or failed):
        raise UsageError(
            "nothing is named to be removed", "name models, jobs, --datasets or --failed"
        )
    everything = groups(store)
    for name in datasets:
        sets = {group.record.test for group in everything}
        if name not in sets:
            raise UnknownNameError(f"test set in {store.root}", name, sets)
    gone, extra = _named(store, everything, what)
    rows = [group for group in everything if any(r.id in gone for r in group.evaluations)]
    if datasets:
        rows, extra = [group for group in rows if group.record.test in datasets], set()
    if failed:
        rows, extra = [group for group in rows if not _scored(store, group)], set()
    going = [r for group in rows for r in group.evaluations if r.id in gone]
    if not going and not extra:
        raise UsageError("nothing in the store fits", "iqabench results list shows what there is")
    made = _removal(store, rows, going, extra)
    if not going and not made.jobs:
        raise UsageError(
            f"job {min(extra)[:SHORT]} is used by another job, and no row uses it",
            "remove the rows of that job first: iqabench results list",
        )
    return made


def _named(store: Store, found: Sequence[Group], what: Sequence[str]) -> tuple[set[str], set[str]]:
    """IDs of the evaluations that names stand for, and named jobs that no evaluation uses."""
    if not what:
        return {record.id for group in found for record in group.evaluations}, set()
    gone: set[str] = set()
    extra: set[str] = set()
    for name in what:
        records = [r for g in found if name in (g.record.label, g.name) for r in g.evaluations]
        if not records:
            job = _job(store, found, name)
            records = [
                r for g in found for r in g.evaluations if job.fingerprint in (r.predict, r.fit)
            ]
            extra |= set() if records else {job.fingerprint}
        gone |= {record.id for record in records}
    return gone, extra


def _job(store: Store, found: Sequence[Group], name: str) -> Job:
    fitting = [job for job in store.jobs() if name and job.fingerprint.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    known = {name for group in found for name in (group.record.label, group.name)}
    what = "model or job" if not fitting else "job (several begin so)"
    names = known if not fitting else {job.fingerprint for job in fitting}
    raise UnknownNameError(f"{what} in {store.root}", name, names)


def _scored(store: Store, group: Group) -> bool:
    return any(job.done for job in group.predicts())


def _removal(
    store: Store, rows: Sequence[Group], going: Sequence[EvaluationRecord], extra: set[str]
) -> Removal:
    """The removal of evaluations and named jobs, with everything that only they refer to."""
    ids = {record.id for record in going}
    kept = [record for record in store.evaluations() if record.id not in ids]
    studied = {(r.label, r.config, r.train, r.test, r.test_hash) for r in kept}
    lost = {(r.label, r.config, r.train, r.test, r.test_hash) for r in going} - studied
    stresses = list(store.stresses())
    dropped = [s for s in stresses if (s.label, s.config, s.train, s.test, s.test_hash) in lost]
    stay = [s for s in stresses if s not in dropped]
    mine = _used(store, going, dropped, extra)
    used = _used(store, kept, stay, {job.fingerprint for job in store.jobs()} - mine)
    jobs = [job for job in store.jobs() if job.fingerprint in mine - used]
    return Removal(
        rows_of(store, rows),
        tuple(sorted(ids)),
        tuple(sorted(record.id for record in dropped)),
        tuple(job.fingerprint for job in jobs),
        sum(map(_size, jobs)),
    )


def _used(
    store: Store,
    evaluations: Iterable[EvaluationRecord],
    stresses: Iterable[StressRecord],
    jobs: Iterable[str],
) -> set[str]:
    """Fingerprints of these jobs, of the jobs of the records, and of those that they refer to."""
    named = [
        *(name for r in evaluations for name in (r.predict, r.fit) if name),
        *(name for r in stresses for change in r.changes for name in change.predict),
        *jobs,
    ]
    return with_fits(named, store.job)
