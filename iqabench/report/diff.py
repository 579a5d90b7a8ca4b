"""Why two numbers differ: what the jobs behind them were made from, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report.evaluations import Group, groups, mean_defined
from iqabench.store import Job, Store
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

Record = Mapping[str, Any]

LONGEST = 4
"""Values of a list that are shown; a longer one is counted and hashed."""
PART = ("train", "test", "protocol", "seed", "fold", "split", "contents", "direction")
"""Fields of an evaluation that say which predictions count, and how."""
ABSENT = "-"


@dataclass(frozen=True)
class Side:
    """A job, an evaluation, or a row of the leaderboard."""

    name: str
    evaluations: tuple[Record, ...]
    job: Job | None = None
    """The job that was named."""

    @property
    def is_fit(self) -> bool:
        """Whether a fit job was named."""
        return self.job is not None and self.job.record["fields"]["kind"] == "fit"


@dataclass(frozen=True)
class Diff:
    """How two sides differ.

    Attributes:
        a: what the first is.
        b: what the second is.
        table: ``field``, ``a``, ``b``: what differs; nested fields by dotted path.
        equal: number of fields that do not differ.
        srocc: mean SROCC over the repetitions of each, nan where not defined.
    """

    a: str
    b: str
    table: pd.DataFrame
    equal: int
    srocc: tuple[float, float]


def diff(store: Store, a: str, b: str) -> Diff:
    """Compares what two results were made from, and what came of it.

    Args:
        store: results.
        a: the beginning of a job's, an evaluation's or a configuration's hash; or a model's label;
            label or configuration may be followed by ``@`` and the test set.
        b: likewise. Of rows with several repetitions those of the same seed and fold are compared.

    Raises:
        UsageError: a name that means nothing, or several things.
    """
    import pandas as pd

    sides = _side(store, a), _side(store, b)
    ours, theirs = _fields(store, *sides)
    rows = [
        {"field": field, "a": ours.get(field, ABSENT), "b": theirs.get(field, ABSENT)}
        for field in dict.fromkeys([*ours, *theirs])
    ]
    differing = [row for row in rows if row["a"] != row["b"]]
    table = pd.DataFrame(differing, columns=["field", "a", "b"])
    srocc = _srocc(store, sides[0]), _srocc(store, sides[1])
    return Diff(sides[0].name, sides[1].name, table, len(rows) - len(differing), srocc)


def _side(store: Store, name: str) -> Side:
    rows = groups(store)
    label, _, test = name.partition("@")
    tested = [group for group in rows if test in ("", group.keys["test"])]
    found = [_row(group) for group in tested if group.keys["label"] == label]
    if not found and label:
        found = [_row(group) for group in tested if group.keys["config"].startswith(label)]
        found += list(_by_hash(store, rows, name))
    if not found:
        known = {f"{group.keys['label']}@{group.keys['test']}" for group in rows}
        raise UnknownNameError("job, evaluation or MODEL@TEST", name, known)
    if len(found) > 1:
        names = [side.job.fingerprint if side.job else side.evaluations[0]["id"] for side in found]
        raise UsageError(
            f"'{name}' could be {'; '.join(side.name for side in found)}",
            f"name one: {' '.join(names)}",
        )
    return found[0]


def _row(group: Group) -> Side:
    keys = group.keys
    return Side(
        f"{keys['label']} on {keys['test']} (trained on {keys['train']}, {keys['protocol']}, "
        f"configuration {keys['config']})",
        group.evaluations,
    )


def _by_hash(store: Store, rows: Sequence[Group], name: str) -> Iterator[Side]:
    for group in rows:
        for record in group.evaluations:
            if record["id"].startswith(name):
                what = f"{group.keys['label']} on {group.keys['test']}, seed {record['seed']}"
                yield Side(f"evaluation {record['id']} ({what})", (record,))
    for job in store.jobs():
        if job.fingerprint.startswith(name):
            uses = [
                record
                for group in rows
                for record in group.evaluations
                if job.fingerprint in (record["predict"], record["fit"])
            ]
            yield Side(f"job {job.fingerprint} ({job.record['title']})", tuple(uses), job)


def _fields(store: Store, a: Side, b: Side) -> tuple[dict[str, str], dict[str, str]]:
    """Flat fields of two sides: of the fits alone where a fit was named, else of all behind."""
    first, second = _same_repetition(a, b)

    def part(kind: str) -> list[dict[str, str]]:
        return [
            dict(_flat(_job_fields(store, side, record, kind)))
            for side, record in ((a, first), (b, second))
        ]

    if a.is_fit or b.is_fit:
        ours, theirs = part("fit")
        return ours, theirs
    ours, theirs = part("predict")
    whole = a.job is None and b.job is None
    counted = [
        dict(_flat({key: record.get(key) for key in PART})) if whole and record else {}
        for record in (first, second)
    ]
    for prefix, more in (("fit.", part("fit")), ("evaluation.", counted)):
        for key in dict.fromkeys([*more[0], *more[1]]):
            told = [side.get(key) for side in more] == [ours.get(key), theirs.get(key)]
            if not told:  # what predicting and fitting share is told once
                ours |= {prefix + key: more[0].get(key, ABSENT)}
                theirs |= {prefix + key: more[1].get(key, ABSENT)}
    return ours, theirs


def _same_repetition(a: Side, b: Side) -> tuple[Record | None, Record | None]:
    """One evaluation of each, of the same seed and fold where there is one."""
    for first in a.evaluations:
        for second in b.evaluations:
            if (first["seed"], first["fold"]) == (second["seed"], second["fold"]):
                return first, second
    return next(iter(a.evaluations), None), next(iter(b.evaluations), None)


def _job_fields(store: Store, side: Side, record: Record | None, kind: str) -> Record:
    """Fields of the predict or fit job behind a side, without the hash of the other."""
    job: Job | None
    if side.job is None:
        job = store.job(record[kind]) if record is not None and record[kind] else None
    elif side.is_fit or kind == "predict":
        job = side.job
    else:
        fit = side.job.record["fields"].get("fit")
        job = store.job(fit) if fit else None
    fields = job.record["fields"] if job is not None else {}
    return {key: fields[key] for key in fields if key not in ("kind", "fit")}


def _flat(fields: Record, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Fields by dotted path, as texts."""
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

    found = groups(store, [record["id"] for record in side.evaluations])
    frames = [frame.dropna(subset="prediction") for one in found for frame in one.repetitions()]
    return mean_defined(
        srocc(frame["prediction"].to_numpy(), frame["quality"].to_numpy()) for frame in frames
    )
