"""Groups of stored evaluations, with their tables; every statistic of a report starts here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from typing import TYPE_CHECKING

from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.report import joins
from iqabench.report.fitted_parts import on_fitted_parts
from iqabench.report.labels import names
from iqabench.store import Store
from iqabench.store.fingerprints import text_digest
from iqabench.store.records import EvaluationRecord, JobRecord

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from iqabench.stats.mapping import Mapping

WITHOUT_SHARED = " without shared"
"""Follows a protocol's name if contents that the model has seen are left out."""


@dataclass(frozen=True)
class Group:
    """All repetitions of one model configuration with one training set and one test set."""

    store: Store
    evaluations: tuple[EvaluationRecord, ...]
    """One per repetition, in the order of seeds and folds."""
    exclude_shared: bool = False
    """Whether contents that the model has seen are left out."""
    distortion: str = ""
    """Only pictures with this distortion count; if empty, all pictures count."""
    told_apart: str = ""
    """The name that tells the model from others of its label; empty if the label does."""
    mapping: Mapping = "logistic4"
    """The mapping to the labels behind mapped PLCC and RMSE, and behind fitted residuals."""
    within: str = ""
    """The column of the labels in whose groups metrics are computed, before the mean over groups is
    taken; if empty, metrics are computed from all pictures at once."""

    @property
    def in_labels_unit(self) -> bool:
        """Whether predictions are in the labels' unit; only then raw errors have a meaning."""
        return bool(self.record.train == self.record.test)

    @property
    def record(self) -> EvaluationRecord:
        """The first repetition; all others have its label, configuration, sets and protocol."""
        return self.evaluations[0]

    @property
    def name(self) -> str:
        """The model's name in tables: its label, with what differs where labels collide."""
        return self.told_apart or self.record.label

    @property
    def protocol(self) -> str:
        """The protocol's name in tables."""
        within = f" within {self.within}" if self.within else ""
        return self.record.protocol.name + WITHOUT_SHARED * self.exclude_shared + within

    @property
    def predictions_of(self) -> str:
        """The jobs and the tested contents whose predictions count, as text."""
        which = [(r.seed, r.fold, r.predict, r.contents) for r in self.evaluations]
        return str((self.record.train, self.protocol, self.shared, which))

    @property
    def across(self) -> bool:
        """Whether the protocol trains on one set and tests on another."""
        return self.record.protocol.kind == "cross"

    @cached_property
    def identity(self) -> str:
        """Hash of the evaluations, the results of their leakage audit, their recipes, the filters,
        the mapping and the column ``within`` of this group, and the start time of each job.

        The start time is part of it because a failed job may run again. So is the hash of its
        files, which are compared with it whenever the job is looked up: see
        docs/design/why-what-is-damaged-is-absent.md.
        """
        ends = [str(self._end(record)) for record in self.evaluations]
        findings = [
            f"{record.shared} {record.seen} {record.recipe}" + " pending" * record.pending
            for record in self.evaluations
        ]
        names = [record.id for record in self.evaluations]
        which = [str(self.exclude_shared), self.distortion, self.mapping, self.within]
        return text_digest([*names, *findings, *which, *ends])

    @property
    def shared(self) -> list[str] | None:
        """Tested contents that the model has seen; None if that is not known for a repetition."""
        found = [record.shared for record in self.evaluations]
        known = [contents for contents in found if contents is not None]
        return sorted({*chain(*known)}) if len(known) == len(found) else None

    @property
    def pending(self) -> bool:
        """Whether the audit of a repetition has yet to be made."""
        return any(record.pending for record in self.evaluations)

    @property
    def seen(self) -> list[str]:
        """Names of the test set that the cards of the published weights list as training data."""
        return sorted({*chain(*(record.seen for record in self.evaluations))})

    @property
    def skipped(self) -> list[str]:
        """Unreadable pictures that fits left out of training and validation."""
        return sorted({*chain(*(record.skipped for record in self.evaluations))})

    def _end(self, record: EvaluationRecord) -> str | None:
        job = self.store.ended(record.predict)
        return f"{job.began} {job.content}" if job is not None else None

    @cached_property
    def table(self) -> pd.DataFrame:
        """The test set's labels, one row per picture, filtered by ``distortion``."""
        labels = self.store.table(self.record.test, self.record.test_hash)
        if not self.distortion:
            return labels
        if "distortion" not in labels:
            return labels.iloc[:0]
        return labels[labels["distortion"] == self.distortion]

    def repetitions(self) -> list[pd.DataFrame]:
        """One frame per repetition: image, content, quality, prediction (higher is better), error.

        The prediction is NaN for an image without a score, and for all images if the job failed.
        """
        parts = [self._rows(record) for record in self.evaluations]
        return joins.repetitions(self.store, self.table, self.evaluations, parts)

    def predicts(self) -> list[JobRecord]:
        """Records of the group's ended predict jobs."""
        return self._jobs(record.predict for record in self.evaluations)

    def fits(self) -> list[JobRecord]:
        """Records of the group's ended fit jobs."""
        return self._jobs(record.fit for record in self.evaluations if record.fit is not None)

    def _jobs(self, names: Iterable[str]) -> list[JobRecord]:
        found = (self.store.job(name) for name in dict.fromkeys(names))
        return [job.record for job in found if job is not None]

    def references(self) -> list[pd.DataFrame]:
        """One frame per repetition: image and prediction of the tested contents' pristine pictures.

        A frame has no rows if the set has no references or no reference was scored.
        """
        return [
            joins.pristine(self.store, self.table.take(self._rows(record)), record)
            for record in self.evaluations
        ]

    def _rows(self, record: EvaluationRecord) -> NDArray[np.intp]:
        """The rows of a repetition's test part in :attr:`table`."""
        import numpy as np

        if record.contents is None and not self.exclude_shared:
            return np.arange(len(self.table))
        left_out = set(record.shared or ()) if self.exclude_shared else set()
        tested = set(self._places if record.contents is None else record.contents) - left_out
        places = [self._places[content] for content in tested if content in self._places]
        return np.sort(np.concatenate([np.empty(0, dtype=np.intp), *places]))

    @cached_property
    def _places(self) -> dict[str, NDArray[np.intp]]:
        """Content -> the rows of its pictures in :attr:`table`."""
        import numpy as np

        found = self.table.groupby("content").indices
        return {str(name): np.asarray(rows, dtype=np.intp) for name, rows in found.items()}


def with_predictions(frame: pd.DataFrame) -> pd.DataFrame:
    """The pictures of a repetition that have a prediction; no copy where all have."""
    known = frame["prediction"].notna()
    return frame if known.all() else frame[known]


def groups(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    mapping: Mapping = "logistic4",
    within: str = "",
) -> list[Group]:
    """The groups of a store's evaluations, sorted by test set, label and the other shared fields.

    Their names are distinct among the groups of one training set, test set and protocol. Models
    that were not fitted also have groups on the test parts of those that were.

    An evaluation is left out if neither its predict job nor its fit job has ended, or if the labels
    of its test set are damaged.

    Args:
        store: results.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen. This changes only
            groups for which these contents are known, and shows in the name of their protocol.
        mapping: the mapping of all groups.
        within: the column of all groups, see :attr:`Group.within`; test sets without it are left
            out. If empty, metrics are computed from all pictures at once.
    """
    found: dict[tuple[str, ...], list[EvaluationRecord]] = {}
    has_table = cache(store.has_table)  # thousands of repetitions have one
    for record in store.evaluations(only):
        ended = store.ended(record.predict) or (record.fit and store.ended(record.fit))
        if ended and has_table(record.test, record.test_hash):
            found.setdefault(_shared_by_repetitions(record), []).append(record)
    store.keep_known()
    stored = [tuple(sorted(each, key=lambda r: (r.seed, r.fold or 0))) for each in found.values()]
    told = dict(
        zip(
            (_of_model(each[0]) for each in stored),
            names(store, [max(r, key=lambda one: bool(one.skipped)) for r in stored]),
            strict=True,
        )
    )
    every = [*stored, *on_fitted_parts(stored)]
    every.sort(key=lambda each: (_shared_by_repetitions(each[0]), len(each)))
    made = [
        Group(store, each, False, "", told[_of_model(each[0])], mapping, within) for each in every
    ]
    made = [group for group in made if not within or within in group.table]
    return [_without_shared(group) for group in made] if exclude_shared else made


def _of_model(record: EvaluationRecord) -> tuple[str, ...]:
    """What tells one model on one test set from others, however the set was split."""
    return (
        *(record.test, record.test_hash, record.label, record.model, record.config, record.init),
        *(record.weights, record.direction, record.train, record.saliency),
    )


def _shared_by_repetitions(record: EvaluationRecord) -> tuple[str, ...]:
    """The fields that are equal in all repetitions of a group; the test set comes first."""
    return (
        record.test,
        record.label,
        record.model,
        record.config,
        record.init,
        record.weights,
        record.direction,
        record.protocol.name,
        record.train,
        record.test_hash,
        record.labels,
        record.selection,
        record.saliency,
    )


def where_tested(group: Group) -> dict[str, str]:
    """The cells ``train``, ``test`` and ``protocol`` of a group's row."""
    return {
        "train": group.record.train,
        "test": group.record.test,
        "protocol": group.protocol,
    }


def tested_alike(found: Iterable[Group]) -> list[list[Group]]:
    """Lists of groups that were tested on the same parts of the same set; order is kept."""
    alike: dict[str, list[Group]] = {}
    for group in found:
        parts = [(r.seed, r.fold, r.contents) for r in group.evaluations]
        key = str((group.record.test_hash, group.protocol, parts))
        alike.setdefault(key, []).append(group)
    return list(alike.values())


def selected(
    store: Store,
    only: Iterable[str] | None = None,
    models: Sequence[str] = (),
    datasets: Sequence[str] = (),
) -> frozenset[str]:
    """IDs of the evaluations of models with these labels on these test sets.

    Args:
        store: results.
        only: IDs to choose from; None chooses from all.
        models: labels, or names that tell rows of one label apart; if empty, all.
        datasets: test sets; if empty, all.

    Raises:
        UsageError: nothing is stored, or no evaluation has one of the names and test sets.
        UnknownNameError: no evaluation has that name, or that test set.
    """
    found = groups(store, only)
    if not found:
        raise UsageError(
            f"no results in {store.root}", "iqabench run --models A,B --datasets NAME makes some"
        )
    called = {name for group in found for name in (group.record.label, group.name)}
    sets = {group.record.test for group in found}
    for what, known, asked in (("model", called, models), ("test set", sets, datasets)):
        for name in asked:
            if name not in known:
                raise UnknownNameError(f"{what} in {store.root}", name, known)
    chosen = frozenset(
        record.id
        for group in found
        for record in group.evaluations
        if (not models or {group.record.label, group.name} & set(models))
        and (not datasets or record.test in datasets)
    )
    if not chosen:
        raise UsageError(
            f"none of {', '.join(models)} was tested on any of {', '.join(datasets)}",
            "`iqabench leaderboard` shows what was",
        )
    return chosen


def counted_once(same: Sequence[Group]) -> tuple[list[Group], list[str]]:
    """Groups tested alike without those that only repeat another, and a line for each left out.

    A group repeats another if it has the same jobs under another label. Tests that correct for the
    number of models would count its predictions twice.
    """
    kept: dict[str, Group] = {}
    for group in sorted(same, key=lambda one: one.record.label != one.record.model):
        kept.setdefault(group.predictions_of, group)
    first = set(map(id, kept.values()))
    return (
        [group for group in same if id(group) in first],
        [
            f"{group.name} is {kept[group.predictions_of].name} under another label (the same "
            f"jobs on {group.record.test}): it counts once"
            for group in same
            if id(group) not in first
        ],
    )


def _without_shared(group: Group) -> Group:
    if group.shared is None:
        return group
    return replace(group, exclude_shared=True)


def mean_defined(values: Iterable[float]) -> float:
    """Mean of the finite values; nan if there are none."""
    found = [value for value in values if math.isfinite(value)]
    return sum(found) / len(found) if found else math.nan
