"""Where the page's numbers come from: failures, shared contents, fingerprints and citations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import UnknownNameError
from iqabench.report.evaluations import Group
from iqabench.report.page.panels import Panel


@dataclass(frozen=True)
class Failure:
    """Something that has no prediction."""

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
    fields: str
    """What the first job's fingerprint holds, but the names of its contents, as JSON."""


@dataclass(frozen=True)
class Citation:
    """A data set or model, and the paper that describes it."""

    name: str
    text: str
    link: str = ""


def failures(panel: Panel) -> list[Failure]:
    """Failed jobs, then failed pictures of the others, by what went wrong."""
    keys = panel.group.keys
    where = keys["label"], keys["train"], keys["test"]
    jobs = [*panel.group.jobs("fit"), *panel.group.jobs("predict")]
    lost = [job for job in jobs if job["status"] != "done"]
    return [
        *(Failure(*where, job.get("title", "a job"), _complaint(job)) for job in lost),
        *(
            Failure(*where, f"{image} and {count - 1} more" if count > 1 else image, error)
            for error, count, image in panel.errors
        ),
    ]


def _complaint(job: Any) -> str:
    return "; ".join(filter(None, [job.get("error", "failed"), job.get("hint")]))


def leaks(found: Iterable[Group]) -> list[Leak]:
    """Where tested contents were seen, with all of their names."""
    return [
        Leak(group.keys["label"], group.keys["train"], group.keys["test"], tuple(group.shared))
        for group in found
        if group.shared
    ]


def origin(group: Group) -> Origin:
    """A group's protocol, fingerprints and settings."""
    keys = group.keys
    records = group.evaluations
    jobs = {kind: [one[kind] for one in records if one[kind]] for kind in ("fit", "predict")}
    facts = {
        "protocol": keys["protocol"],
        "epoch chosen on": keys["selection"],
        "weights": keys["weights"],
        "starts from": keys["init"],
        "saliency": keys["saliency"],
        "labels": keys["labels"],
        "test set": f"{keys['test']} {keys['test_hash']}",
        "seeds": _listed(record["seed"] for record in records),
        "splits": _listed(record["split"] for record in records),
        "configuration": keys["config"],
        **{f"{kind} jobs": _listed(names) for kind, names in jobs.items()},
    }
    shown = tuple((name, str(fact)) for name, fact in facts.items() if fact not in ("", "-"))
    return Origin(keys["label"], keys["train"], keys["test"], shown, _fields(group))


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None))


def _fields(group: Group) -> str:
    for job in [*group.jobs("fit"), *group.jobs("predict")]:
        fields = {key: value for key, value in job.get("fields", {}).items() if key != "contents"}
        return json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return ""


def citations(found: Iterable[Group], catalog: Catalog) -> list[Citation]:
    """What to cite for the data sets and models of some groups, as their cards say."""
    found = list(found)
    sets = {group.keys[part] for group in found for part in ("train", "test")} - {"-"}
    models = {group.keys["model"] for group in found}
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
