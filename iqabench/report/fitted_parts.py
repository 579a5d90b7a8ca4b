"""Judges models that were not fitted on the test parts of the models that were.

A model that was not fitted here has predictions of all pictures of a set, and a row of all of them.
Beside fitted models it needs a second row, of the pictures that they were tested on. No job and no
record is made for that: the second row comes from the same predictions when results are read. So it
is there in whichever order models were run, and a further model changes no number of a row.
"""

from __future__ import annotations

from collections.abc import Sequence

from iqabench.store.records import NONE, EvaluationRecord

Repetitions = tuple[EvaluationRecord, ...]
"""The evaluations of one model under one protocol, one per repetition."""


def on_fitted_parts(found: Sequence[Repetitions]) -> list[Repetitions]:
    """The second rows of the models in ``found`` that were not fitted.

    Each is a copy of the model's evaluation on all pictures, with the protocol and the contents of
    fitted models' repetitions. A row that ``found`` has is not made again.
    """
    wholes = [each[0] for each in found if each[0].protocol.kind == "all"]
    fitted = {_parts(each): each for each in found if each[0].train != NONE}
    known = {(_model(each[0]), _parts(each)) for each in found}
    return [
        tuple(_on_part(record, one) for one in repetitions)
        for record in wholes
        for parts, repetitions in fitted.items()
        if (record.test, record.test_hash) == parts[:2] and (_model(record), parts) not in known
    ]


def _parts(repetitions: Repetitions) -> tuple[object, ...]:
    """What was tested; equal for models that were tested alike. The test set comes first."""
    first = repetitions[0]
    each = tuple((one.seed, one.fold, one.contents) for one in repetitions)
    return first.test, first.test_hash, first.protocol.name, each


def _model(record: EvaluationRecord) -> tuple[str, ...]:
    """What tells one model's configuration from another's."""
    return record.label, record.model, record.config, record.weights, record.direction


def _on_part(record: EvaluationRecord, fitted: EvaluationRecord) -> EvaluationRecord:
    """A model's evaluation on all pictures, limited to what a fitted model was tested on."""
    return record.model_copy(
        update={
            "protocol": fitted.protocol,
            "seed": fitted.seed,
            "fold": fitted.fold,
            "split": fitted.split,
            "contents": fitted.contents,
            "shared": _inside(record.shared, fitted.contents),
        }
    )


def _inside(
    shared: tuple[str, ...] | None, contents: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """The contents that a model has seen and that are tested; None if they are not known."""
    if shared is None or contents is None:
        return shared
    tested = set(contents)
    return tuple(content for content in shared if content in tested)
