"""Distinct names of models in tables: a label, with the settings that differ where labels collide.

A label collides if it has several rows with the same training set, test set and protocol. These
rows are told apart by whatever differs between them, as in ``sharpness log=false``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from iqabench.contract.cards import Recipe
from iqabench.store import Store
from iqabench.store.records import IMPORTED, EvaluationRecord, ImportIdentity, ModelIdentity

Facts = dict[str, str]
"""Name of a setting -> its value as text; what tells most to a reader comes first."""

MOST = 4
"""A name has at most this many settings if fewer than all that differ tell the rows apart."""
SHORT = 8
"""Number of digits of a hash in a name."""


def names(store: Store, records: Sequence[EvaluationRecord]) -> list[str]:
    """A name for each row of a report, in the order of ``records``.

    Rows with equal training set, test set and protocol have different names. A label that does not
    collide is its own name. All rows of a label that collides show the same settings, so that a
    configuration has one name on all sets; imported scores show them only where they collide.

    Args:
        store: holds the jobs that the settings are read from.
        records: one evaluation of each row.
    """
    found = [record.label for record in records]
    for bucket in _buckets(found, range(len(records))):
        crowd = _colliding(records, bucket)
        if len({records[place].model for place in crowd}) > 1:
            for place in bucket:
                found[place] += f" model={records[place].model}"
    for read in (_settings, _hashes, _config):  # each only where the facts before it are equal
        for bucket in _buckets(found, range(len(records))):
            crowd = _colliding(records, bucket)
            if crowd:
                _tell(store, records, bucket, crowd, found, read)
    for bucket in _buckets(found, range(len(records))):
        for number, place in enumerate(_colliding(records, bucket), 1):
            found[place] += f" #{number}"  # nothing that is stored tells them apart
    return found


def _buckets(found: Sequence[str], places: Sequence[int]) -> list[list[int]]:
    """The places of equal names."""
    made: dict[str, list[int]] = {}
    for place in places:
        made.setdefault(found[place], []).append(place)
    return list(made.values())


def _colliding(records: Sequence[EvaluationRecord], bucket: Sequence[int]) -> list[int]:
    """The places of a bucket that share training set, test set and protocol with another."""
    where = {place: _where(records[place]) for place in bucket}
    shown = list(where.values())
    return [place for place in bucket if shown.count(where[place]) > 1]


def _where(record: EvaluationRecord) -> tuple[str, ...]:
    return record.train, record.test, record.protocol.name


def _tell(
    store: Store,
    records: Sequence[EvaluationRecord],
    bucket: Sequence[int],
    crowd: Sequence[int],
    found: list[str],
    read: Callable[[Store, EvaluationRecord], Facts],
) -> None:
    """Add facts to the names of one label, so that the colliding ones differ."""
    shown = crowd if records[crowd[0]].model == IMPORTED else bucket
    facts = {place: read(store, records[place]) for place in shown}
    kept, more = _telling([facts[place] for place in crowd])
    for place in shown:
        told = [f"{key}={facts[place][key]}" for key in kept if key in facts[place]]
        found[place] = " ".join([found[place], *told, *([f"(+{more})"] if more else [])])


def _telling(facts: Sequence[Facts]) -> tuple[list[str], int]:
    """The facts to show, and the number of further ones that differ."""
    keys = dict.fromkeys(key for one in facts for key in one)
    telling = [key for key in keys if len({one.get(key) for one in facts}) > 1]
    if "recipe" in telling and 2 <= len(telling) <= MOST + 1:
        telling.remove("recipe")  # its few fields say more than its name
    if len(telling) <= MOST:
        return telling, 0

    def told_apart(keys: Sequence[str]) -> int:
        return len({tuple(one.get(key) for key in keys) for one in facts})

    count = 1
    while told_apart(telling[:count]) < told_apart(telling):
        count += 1
    return telling[:count], len(telling) - count


def _identity(store: Store, record: EvaluationRecord) -> Any:
    """What identifies the row's predict, import or fit job; None if neither has ended."""
    for name in (record.predict, record.fit):
        job = store.job(name) if name is not None else None
        if job is not None:
            return job.record.identity
    return None


def _settings(store: Store, record: EvaluationRecord) -> Facts:
    """The settings of a row; those that a user chooses come first."""
    identity, found = _identity(store, record), {}
    if identity is not None and not isinstance(identity, ImportIdentity):
        found = _of_model(record, identity.model)
    return {
        **found,
        "direction": record.direction,
        "saliency": record.saliency,
        "selection": record.selection,
        "labels": record.labels,
        "skip_unreadable": _text(bool(record.skipped)),
    }


def _of_model(record: EvaluationRecord, model: ModelIdentity) -> Facts:
    code, recipe = model.code, model.recipe
    return {
        **dict(_flat({**model.options, "init": record.init})),
        **({"recipe": record.recipe, **_of_recipe(recipe)} if recipe is not None else {}),
        "weights": PurePath(record.weights).name,
        "scale": _text(model.scale),
        "allow_truncated": _text(model.allow_truncated),
        "precision": model.precision,
        "compile": _text(model.compiled),
        "device": model.device,
        "package": code.package,
        "behaviour": _text(code.behaviour),
        **{f"harness.{part}": str(version) for part, version in code.harness.items()},
        **code.libraries,
    }


def _hashes(store: Store, record: EvaluationRecord) -> Facts:
    """Hashes that may differ where no setting does."""
    identity = _identity(store, record)
    found: Facts = {}
    if isinstance(identity, ImportIdentity):
        found["file"] = identity.file[:SHORT]
    elif identity is not None:
        found["weights"] = identity.model.weights[:SHORT]
        found["code"] = identity.model.code.tree[:SHORT]
    found["data"] = record.test_hash[:SHORT]
    return {key: value for key, value in found.items() if value}


def _config(store: Store, record: EvaluationRecord) -> Facts:
    return {"config": record.config[:SHORT]}


def _of_recipe(recipe: Recipe) -> Facts:
    """The fields of a recipe, named as ``--set`` names them."""
    plain = recipe.model_dump(mode="json")
    stages = plain.pop("stages")
    found: Facts = {}
    for key in stages[0]:
        values = [stage[key] for stage in stages]
        if all(value == values[0] for value in values):
            found |= _flat({key: values[0]}, "recipe.")
        else:
            for number, value in enumerate(values):
                found |= _flat({key: value}, f"recipe.stages.{number}.")
    return {**found, **dict(_flat(plain, "recipe."))}


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, _text(value)


def _text(value: Any) -> str:
    """A value as one writes it behind ``--set KEY=``."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
