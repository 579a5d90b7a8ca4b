"""Finds, for each evaluation, the tested contents that the model has seen in training."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from iqabench.audit.pairs import Audit
from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import IqabenchError
from iqabench.data.tables import Dataset
from iqabench.protocols.job_weights import PREFIX
from iqabench.protocols.parts import Reader
from iqabench.protocols.plan import Evaluation, Plan
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store
from iqabench.store.records import FitIdentity

Auditor = Callable[[Dataset, Dataset | None], Audit | None]
"""Compares two data sets; with None, compares the contents of the first set. It returns None if it
makes no audits and does not know this one.
"""


@dataclass(frozen=True)
class Learnt:
    """Contents that trained a model or chose its epoch."""

    dataset: Dataset
    contents: tuple[str, ...]


def audited(plan: Plan, store: Store, read: Reader, audit: Auditor) -> Plan:
    """The plan, with the fields ``shared``, ``pending`` and ``seen`` of every evaluation filled in.

    Args:
        plan: the plan without these fields.
        store: holds the jobs that ``--weights job:ID`` names.
        read: returns a data set by name.
        audit: called once for each pair of sets. Where it returns None the evaluation is pending.
    """
    remembered = _once(audit)

    def with_findings(evaluation: Evaluation) -> Evaluation:
        test = evaluation.test
        tested = evaluation.part.contents or sorted(set(test.table["content"]))
        if evaluation.predict.fit is None and (seen := _seen(evaluation.model, test)):
            return evaluation.audited(tuple(tested), seen=seen)
        sources = _sources(evaluation, store, read)
        if sources is None:
            return evaluation
        found = _shared(sources, test, tested, remembered)
        return evaluation.audited(found, pending=found is None)

    return replace(plan, evaluations=tuple(map(with_findings, plan.evaluations)))


def kept(plan: Plan, store: Store) -> Plan:
    """The plan, where pending evaluations have what an earlier audit told the store of them."""

    def with_earlier(evaluation: Evaluation) -> Evaluation:
        known = store.evaluation(evaluation.id) if evaluation.pending else None
        if known is None or known.pending or known.shared is None:
            return evaluation
        return evaluation.audited(known.shared)

    return replace(plan, evaluations=tuple(map(with_earlier, plan.evaluations)))


def complete(
    names: Iterable[str], store: Store, read: Reader, audit: Auditor
) -> tuple[list[str], list[str]]:
    """Audit the pictures of stored evaluations, and keep what is found with each of them.

    Args:
        names: IDs of evaluations.
        store: has the evaluations, and the splits of the jobs that they count.
        read: returns a data set by name.
        audit: called once for each pair of sets.

    Returns:
        IDs of the completed evaluations; names of sets whose files are no longer those of an
        evaluation, so that it stays as it is.
    """
    remembered = _once(audit)
    done, gone = [], set()
    for name in names:
        record = store.evaluation(name)
        if record is None:
            continue
        sources = _of_job(record.fit or record.weights.removeprefix(PREFIX), store, read)
        test = _same(record.test, record.test_hash, read)
        if sources is None or test is None:
            gone.add(record.test if test is None else record.train)
            continue
        tested = record.contents or sorted(set(test.table["content"]))
        found = _shared(sources, test, tested, remembered)
        if found is not None:
            store.save_evaluation(record.audited(found, pending=False, seen=record.seen))
            done.append(name)
    return done, sorted(gone)


def _once(audit: Auditor) -> Auditor:
    """An auditor that is asked once for each pair of sets."""
    made: dict[tuple[str, str], Audit | None] = {}

    def remembered(first: Dataset, second: Dataset | None) -> Audit | None:
        key = first.hash, first.hash if second is None else second.hash
        if key not in made:
            made[key] = audit(first, second)
        return made[key]

    return remembered


def _shared(
    sources: Iterable[Learnt], test: Dataset, tested: Iterable[str], audit: Auditor
) -> tuple[str, ...] | None:
    """The tested contents that show the same as a learnt one; None if an audit is not known."""
    found: set[str] = set()
    for learnt in sources:
        made = audit(learnt.dataset, None if learnt.dataset.hash == test.hash else test)
        if made is None:
            return None
        found |= made.shared(learnt.contents, tested)
    return tuple(sorted(found))


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
    if model.weights.startswith(PREFIX):
        return _of_job(model.weights.removeprefix(PREFIX), store, read)
    return None


def _of_job(name: str, store: Store, read: Reader) -> tuple[Learnt, ...] | None:
    job = store.job(name)
    fit = None if job is None else job.record.identity
    if not isinstance(fit, FitIdentity):
        return None
    dataset, split = _same(fit.dataset, fit.data, read), store.split(fit.split)
    if dataset is None or split is None:
        return None
    return (Learnt(dataset, (*split.train, *split.validation)),)


def _same(name: str, data_hash: str, read: Reader) -> Dataset | None:
    """The data set of that name if it is here and has that hash."""
    try:
        dataset = read(name)
    except IqabenchError:
        return None
    return dataset if dataset.hash == data_hash else None
