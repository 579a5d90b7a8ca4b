"""Shows why two results differ: compares the inputs of their jobs, field by field."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report.evaluations import Group, groups, mean_defined
from iqabench.store import Job, Store
from iqabench.store.fingerprints import text_digest
from iqabench.store.records import EvaluationRecord, FitIdentity, PredictIdentity

if TYPE_CHECKING:
    import pandas as pd

Fields = dict[str, str]
"""Dotted path of a field -> its value as text."""

LONGEST = 4
"""Lists with up to this many values are shown in full; of a longer list the length and a hash."""
PART = {"train", "test", "protocol", "seed", "fold", "split", "contents", "direction"}
"""Fields of an evaluation that decide which predictions count, and their direction."""
ABSENT = "-"


@dataclass(frozen=True)
class Side:
    """One of the two compared results: a job, an evaluation, or a row of the leaderboard."""

    name: str
    evaluations: tuple[EvaluationRecord, ...]
    job: Job | None = None
    """The job, if the user named a job."""
    called: str = ""
    """What the user can write for it, if that is no hash."""

    @property
    def first(self) -> EvaluationRecord | None:
        """The first evaluation; None for a job that no evaluation uses."""
        return next(iter(self.evaluations), None)

    @property
    def key(self) -> str:
        """The hash that names the result."""
        return self.job.fingerprint if self.job else self.evaluations[0].id

    @property
    def is_fit(self) -> bool:
        """Whether the user named a fit job."""
        return self.job is not None and isinstance(self.job.record.identity, FitIdentity)


@dataclass(frozen=True)
class Diff:
    """How two sides differ.

    Attributes:
        a: description of the first side.
        b: description of the second side.
        table: ``field``, ``a``, ``b``: the fields that differ; nested fields have dotted paths.
        equal: number of fields that do not differ.
        srocc: of each side the mean SROCC over its repetitions, nan if not defined.
    """

    a: str
    b: str
    table: pd.DataFrame
    equal: int
    srocc: tuple[float, float]


def diff(store: Store, a: str, b: str) -> Diff:
    """Compare the inputs of two results, and their SROCC.

    If a side has several repetitions, two repetitions with the same seed and fold are compared.

    Args:
        store: results.
        a: the beginning of the hash of a job, an evaluation or a configuration; or a model's label
            or name. ``@`` and the name of a test set may follow a label, name or configuration.
        b: the same for the second result.

    Raises:
        UsageError: a name fits no result, or several.
    """
    import pandas as pd

    sides = _pair(store, a, b)
    ours, theirs = _fields(store, *sides)
    rows = [
        {"field": field, "a": ours.get(field, ABSENT), "b": theirs.get(field, ABSENT)}
        for field in dict.fromkeys([*ours, *theirs])
    ]
    differing = [row for row in rows if row["a"] != row["b"]]
    table = pd.DataFrame(differing, columns=["field", "a", "b"])
    srocc = _srocc(store, sides[0]), _srocc(store, sides[1])
    return Diff(sides[0].name, sides[1].name, table, len(rows) - len(differing), srocc)


def _pair(store: Store, a: str, b: str) -> tuple[Side, Side]:
    """The results that two names stand for.

    Where a name fits several results, those are taken that were tested as the other name's was,
    and that are not made of the very same jobs.

    Raises:
        UnknownNameError: a name fits no result.
        UsageError: a name still fits several.
    """
    firsts, seconds = _sides(store, a), _sides(store, b)
    pairs = list(itertools.product(firsts, seconds))
    for wanted in (_same_set, _same_protocol, _same_training, _other_jobs):
        pairs = [pair for pair in pairs if wanted(*pair)] or pairs
    if len(pairs) > 1:
        raise _ambiguous(a, b, pairs)
    return pairs[0]


def _ambiguous(a: str, b: str, pairs: Sequence[tuple[Side, Side]]) -> UsageError:
    """The error for the first of two names that fits several results."""
    fitting = [{side.key: side for side in sides} for sides in zip(*pairs, strict=True)]
    name, found = next(one for one in zip((a, b), fitting, strict=True) if len(one[1]) > 1)
    known = [side.called for side in found.values()]
    names = [side.called if known.count(side.called) == 1 else key for key, side in found.items()]
    return UsageError(
        f"'{name}' could be {'; '.join(side.name for side in found.values())}",
        f"name one: {', '.join(repr(one) if ' ' in one else one for one in names)}",
    )


def _same_set(a: Side, b: Side) -> bool:
    return a.first is not None and b.first is not None and a.first.test == b.first.test


def _same_protocol(a: Side, b: Side) -> bool:
    return a.first is not None and b.first is not None and a.first.protocol == b.first.protocol


def _same_training(a: Side, b: Side) -> bool:
    return a.first is not None and b.first is not None and a.first.train == b.first.train


def _other_jobs(a: Side, b: Side) -> bool:
    return [one.predict for one in a.evaluations] != [one.predict for one in b.evaluations]


def _sides(store: Store, name: str) -> list[Side]:
    """All results that a name fits."""
    rows = groups(store)
    label, _, test = name.partition("@")
    tested = [group for group in rows if test in ("", group.record.test)]
    found = _rows(group for group in tested if label in (group.record.label, group.name))
    if not found and label:
        found = _rows(group for group in tested if group.record.config.startswith(label))
        found += list(_by_hash(store, rows, name))
        if sum(side.job is not None for side in found) > 1:
            store.find(name)  # refuses a beginning that several jobs share
    if not found:
        known = {f"{group.name}@{group.record.test}" for group in rows}
        raise UnknownNameError("job, evaluation or MODEL@TEST", name, known)
    return found


def _rows(found: Iterable[Group]) -> list[Side]:
    """The sides of groups; a model's row of all pictures only if it has no row of test parts."""
    by_model: dict[tuple[str, ...], list[Group]] = {}
    for group in found:
        record = group.record
        by_model.setdefault((record.label, record.config, record.train, record.test), []).append(
            group
        )
    return [
        _row(group)
        for same in by_model.values()
        for group in [one for one in same if one.record.protocol.kind != "all"] or same
    ]


def _row(group: Group) -> Side:
    record = group.record
    return Side(
        f"{group.name} on {record.test} (trained on {record.train}, {group.protocol}, "
        f"configuration {record.config})",
        group.evaluations,
        called=f"{group.name}@{record.test}",
    )


def _by_hash(store: Store, rows: Sequence[Group], name: str) -> Iterator[Side]:
    for group in rows:
        for record in group.evaluations:
            if record.id.startswith(name):
                what = f"{record.label} on {record.test}, seed {record.seed}"
                yield Side(f"evaluation {record.id} ({what})", (record,))
    for job in store.jobs():
        if job.fingerprint.startswith(name):
            uses = [
                record
                for group in rows
                for record in group.evaluations
                if job.fingerprint in (record.predict, record.fit)
            ]
            yield Side(f"job {job.fingerprint} ({job.record.title})", tuple(uses), job)


def _fields(store: Store, a: Side, b: Side) -> tuple[Fields, Fields]:
    """The fields of two sides: of the fit jobs alone if a fit job was named, else of all jobs."""
    first, second = _same_repetition(a, b)

    def of_jobs(fit: bool) -> tuple[Fields, Fields]:
        jobs = _job(store, a, first, fit), _job(store, b, second, fit)
        return _of_job(jobs[0]), _of_job(jobs[1])

    if a.is_fit or b.is_fit:
        return of_jobs(fit=True)
    ours, theirs = of_jobs(fit=False)
    whole = a.job is None and b.job is None
    counted = tuple(_of_part(record) if whole else {} for record in (first, second))
    for prefix, more in (("fit.", of_jobs(fit=True)), ("evaluation.", counted)):
        for key in dict.fromkeys([*more[0], *more[1]]):
            told = [side.get(key) for side in more] == [ours.get(key), theirs.get(key)]
            if not told:  # a field with the same values in predict and fit jobs is shown once
                ours |= {prefix + key: more[0].get(key, ABSENT)}
                theirs |= {prefix + key: more[1].get(key, ABSENT)}
    return ours, theirs


def _same_repetition(a: Side, b: Side) -> tuple[EvaluationRecord | None, EvaluationRecord | None]:
    """One evaluation of each side: of the same seed and fold if possible, else the first ones."""
    for first in a.evaluations:
        for second in b.evaluations:
            if (first.seed, first.fold) == (second.seed, second.fold):
                return first, second
    return a.first, b.first


def _job(store: Store, side: Side, record: EvaluationRecord | None, fit: bool) -> Job | None:
    """A side's fit job, or its predict or import job if ``fit`` is false; None if absent."""
    if side.job is None:
        name = None if record is None else record.fit if fit else record.predict
        return store.job(name) if name is not None else None
    identity = side.job.record.identity
    if side.is_fit or not fit:
        return side.job
    name = identity.fit if isinstance(identity, PredictIdentity) else None
    return store.job(name) if name is not None else None


def _of_job(job: Job | None) -> Fields:
    """The inputs of a job, hashes of the source code that made it, and on what it was made."""
    if job is None:
        return {}
    record = job.record
    made_from = record.identity.model_dump(mode="json", exclude={"kind", "fit"})
    known = {"threads": record.threads, "capability": record.capability}
    made_on = {key: value for key, value in known.items() if value}
    return dict(_flat({**made_from, "made_on": made_on, "sources": record.sources}))


def _of_part(record: EvaluationRecord | None) -> Fields:
    """The fields of an evaluation that decide which predictions count."""
    if record is None:
        return {}
    fields = record.model_dump(mode="json", include=PART)
    return dict(_flat({**fields, "protocol": record.protocol.name}))


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path and text of every value in nested fields."""
    for key, value in fields.items():
        if isinstance(value, list) and any(isinstance(one, dict) for one in value):
            value = {str(number): one for number, one in enumerate(value)}
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, _listed([str(one) for one in value])
        else:
            yield prefix + key, "none" if value is None else str(value)


def _listed(values: list[str]) -> str:
    if len(values) <= LONGEST:
        return ", ".join(values) or "none"
    return f"{len(values)} values, {text_digest(values)[:8]}"


def _srocc(store: Store, side: Side) -> float:
    from iqabench.stats.agreement import srocc

    found = groups(store, [record.id for record in side.evaluations])
    frames = [frame.dropna(subset="prediction") for one in found for frame in one.repetitions()]
    return mean_defined(
        srocc(frame["prediction"].to_numpy(), frame["quality"].to_numpy()) for frame in frames
    )
