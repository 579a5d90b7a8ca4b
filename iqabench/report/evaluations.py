"""Joins stored predictions to labels: what every statistic of a report starts from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.store import Store
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd

KEYS = (
    "label",
    "model",
    "config",
    "init",
    "weights",
    "direction",
    "protocol",
    "train",
    "test",
    "test_hash",
    "labels",
    "selection",
    "saliency",
)
"""Fields of an evaluation that its repetitions share."""
WITHOUT_SHARED = " without shared"
"""Ends the name of a protocol whose statistics leave out contents that the model has seen."""


@dataclass(frozen=True)
class Group:
    """The repetitions of one model configuration on one training set and test set."""

    store: Store
    keys: Mapping[str, Any]
    evaluations: tuple[Mapping[str, Any], ...]
    exclude_shared: bool = False
    """Whether contents that the model has seen are left out."""
    distortion: str = ""
    """Only pictures with this distortion count; empty for all."""

    @cached_property
    def identity(self) -> str:
        """Hash of the evaluations and what was found of them, of which pictures count, and of how
        each job ended.
        """
        ends = [str(self._end(record)) for record in self.evaluations]
        findings = [
            f"{record.get('shared')} {record.get('seen')} {record.get('recipe')}"
            for record in self.evaluations
        ]
        names = [record["id"] for record in self.evaluations]
        which = [str(self.exclude_shared), self.distortion]
        return text_digest([*names, *findings, *which, *ends])

    @property
    def shared(self) -> list[str] | None:
        """Tested contents that the model has seen; None where that is not known."""
        found = [record.get("shared") for record in self.evaluations]
        known = [contents for contents in found if contents is not None]
        return sorted({*chain(*known)}) if len(known) == len(found) else None

    @property
    def seen(self) -> list[str]:
        """Names by which the model's published weights say that they have seen the test set."""
        return sorted({*chain(*(record.get("seen", ()) for record in self.evaluations))})

    @property
    def recipe(self) -> str:
        """Name of the recipe; ``?`` in records of before it was noted."""
        return next((r["recipe"] for r in self.evaluations if "recipe" in r), "?")

    def _end(self, record: Mapping[str, Any]) -> str | None:
        job = self.store.job(record["predict"])
        return job.record["began"] if job is not None else None

    @cached_property
    def table(self) -> pd.DataFrame:
        """The test set's labels."""
        labels: pd.DataFrame = self.store.table(self.keys["test"], self.keys["test_hash"])
        if not self.distortion:
            return labels
        if "distortion" not in labels:
            return labels.iloc[:0]
        return labels[labels["distortion"] == self.distortion]

    def repetitions(self) -> list[pd.DataFrame]:
        """One frame per repetition: image, content, quality, prediction (higher is better), error.

        Images without a prediction have NaN; a repetition whose job failed has them all NaN.
        """
        return [self._joined(record) for record in self.evaluations]

    def jobs(self, kind: str) -> list[Mapping[str, Any]]:
        """Records of the finished ``fit`` or ``predict`` jobs behind the group."""
        names = [record[kind] for record in self.evaluations if record[kind]]
        found = (self.store.job(name) for name in dict.fromkeys(names))
        return [job.record for job in found if job is not None]

    def references(self) -> list[pd.DataFrame]:
        """One frame per repetition: image and prediction of the tested contents' pristine pictures.

        Without rows where the set has no references or none was scored.
        """
        return [self._pristine(record) for record in self.evaluations]

    def _joined(self, record: Mapping[str, Any]) -> pd.DataFrame:
        labels = self._labels(record)
        scores = self._scores(record)
        if scores is None:
            return labels.assign(prediction=float("nan"), error="the job failed")
        return labels.merge(scores, on="image", how="left", validate="one_to_one")

    def _pristine(self, record: Mapping[str, Any]) -> pd.DataFrame:
        labels = self._labels(record)
        scores = self._scores(record)
        if scores is None or "reference" not in labels:
            return labels.assign(prediction=float("nan"))[["image", "prediction"]][:0]
        found = scores[scores["image"].isin(labels["reference"]) & scores["prediction"].notna()]
        return found[["image", "prediction"]]

    def _labels(self, record: Mapping[str, Any]) -> pd.DataFrame:
        """Labels of the part that a repetition tests."""
        labels = self.table
        if record["contents"] is not None:
            labels = labels[labels["content"].isin(record["contents"])]
        if self.exclude_shared:
            labels = labels[~labels["content"].isin(record["shared"])]
        return labels

    def _scores(self, record: Mapping[str, Any]) -> pd.DataFrame | None:
        """A repetition's predictions, higher better; None where its job has not ended well."""
        job = self.store.job(record["predict"])
        if job is None or not job.done:
            return None
        scores: pd.DataFrame = self.store.predictions(record["predict"])
        if record["direction"] == "lower":
            scores["prediction"] = -scores["prediction"]
        return scores


def groups(
    store: Store, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> list[Group]:
    """All groups of a store, or those of the evaluations named, in order of their keys.

    Evaluations whose job has neither ended nor failed yet are left out. ``exclude_shared`` leaves
    contents that a model has seen out of the groups where that is known, and says so in the name of
    their protocol.
    """
    wanted = None if only is None else set(only)
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for record in store.evaluations():
        if wanted is not None and record["id"] not in wanted:
            continue
        ended = store.job(record["predict"]) or (record["fit"] and store.job(record["fit"]))
        if ended:
            found.setdefault(tuple(record[key] for key in KEYS), []).append(record)
    ordered = sorted(
        found.items(), key=lambda item: (item[0][KEYS.index("test")], *map(str, item[0]))
    )
    made = [
        Group(
            store,
            dict(zip(KEYS, key, strict=True)),
            tuple(sorted(records, key=lambda r: (r["seed"], r["fold"] or 0))),
        )
        for key, records in ordered
    ]
    return [_without_shared(group) for group in made] if exclude_shared else made


def tested_alike(found: Iterable[Group]) -> list[list[Group]]:
    """Groups put together that were tested on the same parts of the same set, in the same order."""
    alike: dict[str, list[Group]] = {}
    for group in found:
        parts = [(r["seed"], r["fold"], r["contents"]) for r in group.evaluations]
        key = str((group.keys["test_hash"], group.keys["protocol"], parts))
        alike.setdefault(key, []).append(group)
    return list(alike.values())


def tested_on(store: Store, dataset: str, models: Sequence[str]) -> list[Group]:
    """The groups that a data set tested, of the models with these labels, or of all.

    Raises:
        UsageError: nothing was tested on the set, or not that model.
    """
    found = [group for group in groups(store) if group.keys["test"] == dataset]
    if not found:
        raise UsageError(
            f"no model in {store.root} was tested on {dataset}",
            f"iqabench run --models NAMES --datasets {dataset}",
        )
    known = {group.keys["label"] for group in found}
    for model in models:
        if model not in known:
            raise UnknownNameError(f"model tested on {dataset}", model, known)
    return [group for group in found if not models or group.keys["label"] in models]


def chosen(found: Sequence[Group], models: Sequence[str], tests: Sequence[str]) -> list[Group]:
    """The groups of models with these labels on these test sets; empty takes all of either.

    Raises:
        UnknownNameError: no group has that label, or was tested on that set.
    """
    for what, key, asked in (("model", "label", models), ("test set", "test", tests)):
        known = {group.keys[key] for group in found}
        for name in asked:
            if name not in known:
                raise UnknownNameError(f"{what} in {found[0].store.root}", name, known)
    return [
        group
        for group in found
        if (not models or group.keys["label"] in models)
        and (not tests or group.keys["test"] in tests)
    ]


def distinct_labels(found: Sequence[Group]) -> list[str]:
    """A name for each group's model: its label, and its configuration where one does not tell.

    That is where a test set has two configurations of one label. Configurations that differ from
    set to set, as those of imported scores do, share their label.
    """
    configs: dict[tuple[Any, ...], set[str]] = {}
    for group in found:
        where = tuple(group.keys[key] for key in ("label", "train", "test", "protocol"))
        configs.setdefault(where, set()).add(group.keys["config"])
    several = {label for (label, *_), known in configs.items() if len(known) > 1}
    keys = [(group.keys["label"], group.keys["config"]) for group in found]
    return [f"{label} ({config[:6]})" if label in several else label for label, config in keys]


def _without_shared(group: Group) -> Group:
    if group.shared is None:
        return group
    keys = {**group.keys, "protocol": group.keys["protocol"] + WITHOUT_SHARED}
    return replace(group, keys=keys, exclude_shared=True)


def mean_defined(values: Iterable[float]) -> float:
    """Mean of the finite values, nan where there are none."""
    found = [value for value in values if math.isfinite(value)]
    return sum(found) / len(found) if found else math.nan
