"""What each evaluation's model has seen of the contents that it is tested on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from iqabench.audit.pairs import Audit
from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import IqabenchError
from iqabench.data.tables import Dataset
from iqabench.protocols.plan import Evaluation, Plan
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store

Auditor = Callable[[Dataset, Dataset | None], Audit]
"""Compares two data sets, or with None the contents of one."""
Reader = Callable[[str], Dataset]


@dataclass(frozen=True)
class Learnt:
    """Contents that a model was trained on, or its epoch chosen by."""

    dataset: Dataset
    contents: tuple[str, ...]


def audited(plan: Plan, store: Store, read: Reader, audit: Auditor) -> Plan:
    """The plan with ``shared`` and ``seen`` of every evaluation.

    Args:
        plan: as planned.
        store: holds the jobs that ``--weights job:ID`` names.
        read: a data set by name.
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
        tested = evaluation.contents or sorted(set(test.table["content"]))
        if evaluation.predict.fit is None and (seen := _seen(evaluation.model, test)):
            return replace(evaluation, shared=tuple(tested), seen=seen)
        sources = _sources(evaluation, store, read)
        if sources is None:
            return evaluation
        found = {content for learnt in sources for content in shared(learnt, test, tested)}
        return replace(evaluation, shared=tuple(sorted(found)))

    return replace(plan, evaluations=tuple(map(with_findings, plan.evaluations)))


def _seen(model: ModelRequest, test: Dataset) -> tuple[str, ...]:
    """Names by which the cards of a model's weights say that they have seen the test set."""
    names = {test.name, *test.card.aliases}
    return tuple(
        sorted({name for card in _weights(model) for name in card.trained_on if name in names})
    )


def _weights(model: ModelRequest) -> tuple[WeightsCard, ...]:
    """The published weights that a model which is not fitted here scores with."""
    if model.card.kind == "scorer":
        return model.card.weights
    return model.card.weights[:1] if model.weights == "published" else ()


def _sources(evaluation: Evaluation, store: Store, read: Reader) -> tuple[Learnt, ...] | None:
    """What the model has learnt from, as far as pictures can be compared; None if unknown."""
    model, fit = evaluation.model, evaluation.predict.fit
    if fit is not None:
        return (Learnt(fit.dataset, (*fit.split.train, *fit.split.validation)),)
    if model.card.kind == "scorer" or model.weights == "published":
        return () if all(card.trained_on for card in _weights(model)) else None
    if model.weights.startswith("job:"):
        return _of_job(model.weights.removeprefix("job:"), store, read)
    return None


def _of_job(name: str, store: Store, read: Reader) -> tuple[Learnt, ...] | None:
    job = store.job(name)
    if job is None or job.record["fields"].get("kind") != "fit":
        return None
    fields = job.record["fields"]
    try:
        dataset = read(fields["dataset"])
    except IqabenchError:  # the set is no longer here
        return None
    if dataset.hash != fields["data"]:
        return None
    split = store.split(fields["split"])
    return (Learnt(dataset, (*split["train"], *split["validation"])),)
