"""The Plan: which jobs a run needs, and which predictions count for which evaluation.

There are two kinds of jobs. A fit job learns from one split. A predict job scores the images of one
data set or of its test part. An evaluation joins them: model x training set x test set x seed
(x fold). A job's name is its fingerprint, so that two evaluations that need the same job share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from iqabench.data.splits import Split
from iqabench.data.tables import Dataset
from iqabench.protocols.grammar import Request
from iqabench.protocols.parts import Part, Reader, Shares, parts_of, whole
from iqabench.protocols.references import lack, with_references
from iqabench.protocols.requests import ModelRequest
from iqabench.saliency.maps import MapSource
from iqabench.store.fingerprints import digest
from iqabench.store.records import (
    NONE,
    EvaluationRecord,
    FitIdentity,
    PredictIdentity,
)

if TYPE_CHECKING:
    import pandas as pd

MapChoice = Callable[[ModelRequest, Dataset], MapSource | None]
"""Chooses the saliency maps that a model learns from on a data set."""
Unreadable = Callable[[ModelRequest, Dataset], frozenset[str]]
"""Finds the pictures of a data set that cannot be decoded for a model."""


@dataclass(frozen=True)
class FitJob:
    """Fits a model on the training part of a split."""

    model: ModelRequest
    dataset: Dataset
    split: Split
    seed: int
    maps: MapSource | None
    identity: FitIdentity
    fold: int | None = None
    """Number of the fold that the split tests; None without folds. The split identifies the job."""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the identity."""
        return self.identity.fingerprint

    @cached_property
    def training(self) -> pd.DataFrame:
        """The rows that the job learns from."""
        return self._rows(self.split.train)

    @cached_property
    def validation(self) -> pd.DataFrame:
        """The rows that choose the epoch."""
        return self._rows(self.split.validation)

    @property
    def images(self) -> int:
        """How many images the job learns from."""
        if self.identity.skipped:
            return len(self.training)
        return self.dataset.count_of(self.split.train)

    def _rows(self, contents: Iterable[str]) -> pd.DataFrame:
        """The rows of some contents, without pictures that are skipped as unreadable."""
        rows = self.dataset.rows_of(list(contents))
        if not self.identity.skipped:
            return rows
        read = rows[learnt_from(self.model)]
        return rows[~read.isin(self.identity.skipped)].reset_index(drop=True)


@dataclass(frozen=True)
class PredictJob:
    """Scores images: all of a data set, or those of some contents."""

    model: ModelRequest
    dataset: Dataset
    contents: tuple[str, ...] | None
    """None scores every image."""
    fit: FitJob | None
    seed: int
    maps: MapSource | None
    identity: PredictIdentity

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the identity."""
        return self.identity.fingerprint

    @property
    def images(self) -> int:
        """How many images the job scores."""
        if self.contents is None:
            return len(self.dataset.table)
        return self.dataset.count_of(self.contents)


@dataclass(frozen=True)
class Evaluation:
    """Which predictions count for a model on a part of a test set."""

    model: ModelRequest
    part: Part
    predict: PredictJob
    shared: tuple[str, ...] | None = None
    """Tested contents that the model has seen; None where this is not known."""
    pending: bool = False
    """Whether the audit that tells ``shared`` has yet to be made."""
    seen: tuple[str, ...] = ()
    """Names of the test set that the cards of published weights list as training data."""
    unreadable: tuple[str, ...] = ()
    """Unreadable pictures of the training set, in whichever part, that fits leave out."""

    @property
    def test(self) -> Dataset:
        """The test set."""
        return self.part.test

    @property
    def train(self) -> str:
        """The name of the training set; ``-`` where the model is not fitted here."""
        return self.part.train.name if self.predict.fit is not None else NONE

    @property
    def saliency(self) -> str:
        """The provider of the maps that the model learnt from and, if another, the provider of the
        maps that it gets in the test; ``-`` without saliency.
        """
        maps = (self.predict.fit.maps if self.predict.fit else None, self.predict.maps)
        return "; ".join(dict.fromkeys(found.label for found in maps if found is not None)) or NONE

    @property
    def id(self) -> str:
        """The ID of the record."""
        return self._record.id

    def record(self) -> EvaluationRecord:
        """The evaluation as the store keeps it."""
        return self._record

    def audited(
        self, shared: tuple[str, ...] | None, *, pending: bool = False, seen: tuple[str, ...] = ()
    ) -> Evaluation:
        """The evaluation with what an audit tells of it."""
        found = replace(self, shared=shared, pending=pending, seen=seen)
        vars(found)["_record"] = self._record.audited(shared, pending=pending, seen=seen)
        return found

    @cached_property
    def _record(self) -> EvaluationRecord:
        model, fit = self.model, self.predict.fit
        return evaluation_record(
            self.part,
            self.predict.fingerprint,
            label=model.label,
            model=model.card.name,
            variant_of=model.card.variant_of or "",
            config=self.config,
            init=model.init if model.trains else NONE,
            weights=model.weights if model.card.trains else NONE,
            recipe=model.recipe_name,
            direction=model.direction,
            train=self.train,
            selection=model.kind.selection(fit.model.recipe) if fit is not None else NONE,
            saliency=self.saliency,
            fit=fit.fingerprint if fit is not None else None,
            shared=self.shared,
            pending=self.pending,
            seen=self.seen,
            skipped=fit.identity.skipped if fit is not None else (),
        )

    @property
    def config(self) -> str:
        """The model's configuration. It is another one if training leaves out pictures."""
        if not self.unreadable:
            return self.model.config
        return digest({"config": self.model.config, "skipped": list(self.unreadable)})


@dataclass(frozen=True)
class Plan:
    """Everything a run will do, in order."""

    evaluations: tuple[Evaluation, ...]
    skipped: tuple[str, ...] = ()
    """Pairs of a model and a data set that do not fit together, each with the reason."""
    jobs: tuple[FitJob | PredictJob, ...] = ()
    remarks: tuple[str, ...] = ()
    """What the user should know about the jobs."""


def make(
    models: Sequence[ModelRequest],
    requests: Sequence[Request],
    read: Reader,
    choose_maps: MapChoice,
    seeds: int | None = None,
    split: str | None = None,
    shares: Shares | None = None,
    find_unreadable: Unreadable | None = None,
) -> Plan:
    """The plan of a run.

    A model that is not fitted is tested on all pictures of a set. On the test parts of fitted
    models it is judged by the same predictions, when results are read
    (:mod:`iqabench.report.fitted_parts`). Only the parts of a named split get evaluations of their
    own, so that they count without fitted models, too.

    Args:
        models: resolved models.
        requests: the parsed ``--datasets``.
        read: returns a data set by name; reads each set once.
        choose_maps: returns the saliency maps that a model learns from on a data set.
        seeds: repetitions 0..N-1; None takes what the training set's protocol asks for.
        split: ``official`` asks for the published split, anything else names a split's file.
        shares: sizes of the test part of a hold-out and of the validation part.
        find_unreadable: is asked for models that skip unreadable pictures; None skips none.

    Raises:
        DataError: a data set is too small for its protocol or has no official split, or the file
            holds no split of it.
    """
    evaluations, skipped, notes = [], [], list[str]()
    for request in requests:
        train, test = read(request.sets[0]), read(request.sets[-1])
        trained = split is not None or any(model.trains for model in models)
        parts = list(parts_of(request, read, seeds, split, shares)) if trained else []
        for asked in models:
            model, note = with_references(asked, train)
            notes += note
            missing = lack(model, train, test)
            if missing:
                skipped.append(f"{model.label} on {missing}")
                continue
            whole_set = [] if model.trains else [whole(test)]
            counted = [*whole_set, *(parts if model.trains or split is not None else ())]
            skip = _left_out(model, train, find_unreadable)
            evaluations += [_evaluation(model, part, choose_maps, skip) for part in counted]
    unique = list({(one.model.label, one.id): one for one in evaluations}.values())
    remarks = dict.fromkeys([*notes, *filter(None, map(_remark, unique))])
    return Plan(tuple(unique), tuple(skipped), tuple(_jobs(unique)), tuple(remarks))


def evaluation_record(part: Part, predict: str, **of_model: Any) -> EvaluationRecord:
    """The record of an evaluation.

    Args:
        part: what is tested.
        predict: fingerprint of the job whose predictions count.
        of_model: the record's other fields, which describe the model.
    """
    return EvaluationRecord(
        protocol=part.protocol,
        test=part.test.name,
        test_hash=part.test.hash,
        labels=part.test.card.label_kind,
        seed=part.seed,
        fold=part.fold,
        split=part.split.hash if part.split is not None else None,
        contents=part.contents,
        predict=predict,
        **of_model,
    )


def with_model(job: PredictJob, model: ModelRequest, seed: int) -> PredictJob:
    """The predict job with a changed model.

    It uses the weights of the same fit job. If the seed is another, it uses the weights of a new
    fit of the unchanged model with this seed. A job without a fit keeps its seed.
    """
    fit = job.fit
    if fit is not None and seed != fit.seed:
        refitted = fit.identity.model_copy(update={"seed": seed})
        fit = replace(fit, seed=seed, identity=refitted)
    identity = job.identity.model_copy(
        update={
            "model": model.identity,
            "fit": fit.fingerprint if fit is not None else None,
            "seed": seed if fit is not None else job.seed,
        }
    )
    return replace(job, model=model, fit=fit, seed=identity.seed, identity=identity)


def _jobs(evaluations: Iterable[Evaluation]) -> Iterable[FitJob | PredictJob]:
    """Every job of the evaluations once, fits before their predictions."""
    jobs: dict[str, FitJob | PredictJob] = {}
    for evaluation in evaluations:
        if evaluation.predict.fit is not None:
            jobs.setdefault(evaluation.predict.fit.fingerprint, evaluation.predict.fit)
        jobs.setdefault(evaluation.predict.fingerprint, evaluation.predict)
    return jobs.values()


def learnt_from(model: ModelRequest) -> str:
    """The column of the pictures from which a model learns: ``image`` or ``reference``."""
    return "reference" if model.card.fit_on == "references" else "image"


def _left_out(model: ModelRequest, train: Dataset, find: Unreadable | None) -> tuple[str, ...]:
    """The pictures of a training set that a model skips, if it is to skip unreadable ones."""
    if find is None or not (model.trains and model.skip_unreadable):
        return ()
    return tuple(sorted(find(model, train) & set(train.table[learnt_from(model)])))


def _evaluation(
    model: ModelRequest, part: Part, choose_maps: MapChoice, skipped: tuple[str, ...]
) -> Evaluation:
    split = part.split if model.trains else None
    fit = _fit(model, part, split, choose_maps, skipped) if split is not None else None
    predict = _predict(model, part, fit, choose_maps)
    return Evaluation(model, part, predict, unreadable=skipped)


def _fit(
    model: ModelRequest,
    part: Part,
    split: Split,
    choose_maps: MapChoice,
    skipped: tuple[str, ...],
) -> FitJob:
    if model.kind.has_recipe and len(split.validation) == 1:
        model = _without_choice(model)
    here: set[str] = set()
    if skipped:  # only a network chooses an epoch on the validation part
        read = [*split.train, *(split.validation if model.kind.has_recipe else ())]
        here = set(part.train.rows_of(read)[learnt_from(model)]) & set(skipped)
    maps = choose_maps(model, part.train)
    identity = FitIdentity(
        model=model.identity,
        dataset=part.train.name,
        data=part.train.hash,
        split=split.hash,
        maps=maps.identity(part.train) if maps is not None else None,
        seed=part.seed,
        skipped=tuple(sorted(here)),
    )
    return FitJob(model, part.train, split, part.seed, maps, identity, part.fold)


def _without_choice(model: ModelRequest) -> ModelRequest:
    """The model with a recipe that keeps the last of all its epochs.

    It is for validation on one content. An SROCC within that content says how well a network ranks
    the versions of one picture, and nothing of other pictures, so it cannot choose an epoch.
    """
    recipe = model.recipe.model_copy(update={"select": "last", "patience": None})
    return replace(model, recipe=recipe)


def _remark(evaluation: Evaluation) -> str:
    """A line on a fit that keeps the last epoch because it cannot choose one; empty for others."""
    fit = evaluation.predict.fit
    if fit is None or fit.model.recipe == evaluation.model.recipe:
        return ""
    return (
        f"{fit.model.label} on {fit.dataset.name}: validation on a single content cannot choose an "
        "epoch, so the last one is kept"
    )


def _predict(
    model: ModelRequest, part: Part, fit: FitJob | None, choose_maps: MapChoice
) -> PredictJob:
    """A model that is not fitted scores all images once, for all seeds."""
    maps = choose_maps(model, part.test) if model.card.saliency == "input" else None
    contents = part.contents if fit is not None else None
    seed = part.seed if fit is not None else 0
    identity = PredictIdentity(
        model=model.identity,
        fit=fit.fingerprint if fit is not None else None,
        dataset=part.test.name,
        data=part.test.hash,
        contents=contents,
        maps=maps.identity(part.test) if maps is not None else None,
        seed=seed,
    )
    return PredictJob(model, part.test, contents, fit, seed, maps, identity)
