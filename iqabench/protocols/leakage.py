"""Finds, for each evaluation, the tested contents that the model has seen in training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from iqabench.audit.pairs import Audit
from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import IqabenchError
from iqabench.data.tables import Dataset
from iqabench.protocols.parts import Reader
from iqabench.protocols.plan import Evaluation, Plan
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store
from iqabench.store.records import FitIdentity

Auditor = Callable[[Dataset, Dataset | None], Audit]
"""Compares two data sets; with None, compares the contents of the first set."""


@dataclass(frozen=True)
class Learnt:
    """Contents that trained a model or chose its epoch."""

    dataset: Dataset
    contents: tuple[str, ...]


def audited(plan: Plan, store: Store, read: Reader, audit: Auditor) -> Plan:
    """The plan, with the fields ``shared`` and ``seen`` of every evaluation filled in.

    Args:
        plan: the plan without these fields.
        store: holds the jobs that ``--weights job:ID`` names.
        read: returns a data set by name.
        audit: called once for each pair of sets.
    """
    made: dict[tuple[str, str], Audit] = {}

    def shared(learnt: Learnt, test: Dataset, tested: Iterable[str]) -> set[str]:
        key = learnt.dataset.hash, test.hash
        if key not in made:
            made[key] = audit(learnt.dataset, None if key[0] == key[1] else test)
        return made[key].shared(learnt.contents, tested)

    def with_findings(evaluation: Evaluation) -> Evaluation:
        test = evaluation.test
        tested = evaluation.part.contents or sorted(set(test.table["content"]))
        if evaluation.predict.fit is None and (seen := _seen(evaluation.model, test)):
            return replace(evaluation, shared=tuple(tested), seen=seen)
        sources = _sources(evaluation, store, read)
        if sources is None:
            return evaluation
        found = {content for learnt in sources for content in shared(learnt, test, tested)}
        return replace(evaluation, shared=tuple(sorted(found)))

    return replace(plan, evaluations=tuple(map(with_findings, plan.evaluations)))


def _seen(model: ModelRequest, test: Dataset) -> tuple[str, ...]:
    """Names of the test set that the cards of a model's weights list as training data."""
    names = {test.name, *test.card.aliases}
    return tuple(
        sorted({name for card in _weights(model) for name in card.trained_on if name in names})
    )


def _weights(model: ModelRequest) -> tuple[WeightsCard, ...]:
    """The published weights with which a model scores; none if it uses other weights."""
    return model.kind.published(model.card) if model.weights == "published" else ()


def _sources(evaluation: Evaluation, store: Store, read: Reader) -> tuple[Learnt, ...] | None:
    """The contents that the model has learnt from; None if they are not known.

    They are empty if the cards of published weights name the training sets: :func:`_seen` compares
    these names, because the pictures are not at hand.
    """
    model, fit = evaluation.model, evaluation.predict.fit
    if fit is not None:
        return (Learnt(fit.dataset, (*fit.split.train, *fit.split.validation)),)
    if model.weights == "published":
        return () if all(card.trained_on for card in _weights(model)) else None
    if model.weights.startswith("job:"):
        return _of_job(model.weights.removeprefix("job:"), store, read)
    return None


def _of_job(name: str, store: Store, read: Reader) -> tuple[Learnt, ...] | None:
    job = store.job(name)
    fit = None if job is None else job.record.identity
    if not isinstance(fit, FitIdentity):
        return None
    try:
        dataset = read(fit.dataset)
    except IqabenchError:  # the set is no longer here
        return None
    split = store.split(fit.split)
    if dataset.hash != fit.data or split is None:
        return None
    return (Learnt(dataset, (*split.train, *split.validation)),)
