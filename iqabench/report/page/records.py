"""The origins of the page's numbers: failures, shared contents, fingerprints and citations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import UnknownNameError
from iqabench.report.evaluations import Group
from iqabench.report.page.panels import Panel
from iqabench.store.records import NONE, JobRecord


@dataclass(frozen=True)
class Failure:
    """A job or a picture without a prediction, and the error."""

    model: str
    train: str
    test: str
    what: str
    error: str


@dataclass(frozen=True)
class Leak:
    """Tested contents that a model has seen."""

    model: str
    train: str
    test: str
    contents: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """How a group's predictions were made."""

    model: str
    train: str
    test: str
    facts: tuple[tuple[str, str], ...]
    identity: str
    """The fields that the first job's fingerprint is a hash of, without ``contents``, as JSON."""


@dataclass(frozen=True)
class Citation:
    """A data set or model, and the paper that describes it."""

    name: str
    text: str
    link: str = ""


def failures(panel: Panel) -> list[Failure]:
    """Failed jobs; then failed pictures of the other jobs, one entry per kind of error."""
    record = panel.group.record
    where = panel.group.name, record.train, record.test
    lost = [job for job in (*panel.group.fits(), *panel.group.predicts()) if not job.done]
    return [
        *(Failure(*where, job.title, _complaint(job)) for job in lost),
        *(
            Failure(*where, f"{image} and {count - 1} more" if count > 1 else image, error)
            for error, count, image in panel.errors
        ),
    ]


def _complaint(job: JobRecord) -> str:
    return "; ".join(filter(None, [job.error or "failed", job.hint]))


def leaks(found: Iterable[Group]) -> list[Leak]:
    """The groups whose model has seen tested contents, with the names of these contents."""
    return [
        Leak(group.name, group.record.train, group.record.test, tuple(group.shared))
        for group in found
        if group.shared
    ]


def unaudited(found: Iterable[Group]) -> list[tuple[str, str]]:
    """The training and test sets whose pictures have yet to be audited for shared contents."""
    return sorted({(one.record.train, one.record.test) for one in found if one.pending})


def origin(group: Group) -> Origin:
    """A group's protocol, fingerprints and settings."""
    first, records = group.record, group.evaluations
    facts = {
        "protocol": group.protocol,
        "epoch chosen on": first.selection,
        "weights": first.weights,
        "starts from": first.init,
        "saliency": first.saliency,
        "labels": first.labels,
        "test set": f"{first.test} {first.test_hash}",
        "seeds": _listed(record.seed for record in records),
        "splits": _listed(record.split for record in records),
        "configuration": first.config,
        "fit jobs": _listed(record.fit for record in records),
        "predict jobs": _listed(record.predict for record in records),
    }
    shown = tuple((name, str(fact)) for name, fact in facts.items() if fact not in ("", "-"))
    return Origin(group.name, first.train, first.test, shown, _identity(group))


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))


def _identity(group: Group) -> str:
    for job in (*group.fits(), *group.predicts()):
        fields = job.identity.model_dump(mode="json", exclude={"contents"})
        return json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return ""


def citations(found: Iterable[Group], catalog: Catalog) -> list[Citation]:
    """The citations of the groups' data sets and models, from their cards."""
    found = list(found)
    sets = {name for group in found for name in (group.record.train, group.record.test)} - {NONE}
    models = {group.record.model for group in found}
    cards = catalog.registry.models.cards
    return [
        *(_of_set(name, catalog) for name in sorted(sets)),
        *(
            Citation(name, cards[name].paper)
            for name in sorted(models)
            if name in cards and cards[name].paper
        ),
    ]


def _of_set(name: str, catalog: Catalog) -> Citation:
    try:
        card = catalog.get(name).card
    except UnknownNameError:
        return Citation(name, "no longer in a catalogue, so its citation is not known")
    text = ". ".join(filter(None, [card.title, card.citation or "its card names no citation"]))
    return Citation(name, text, card.homepage)
