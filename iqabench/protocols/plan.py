"""The Plan: which jobs a run needs, and which predictions count for which evaluation.

Two kinds of jobs. A fit job learns from one split; a predict job scores the images of one data set
or of its test part. Evaluations join them: model x training set x test set x seed (x fold). Jobs
are named by their fingerprints, so that a job two evaluations share is made once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from iqabench.contract.cards import Protocol
from iqabench.contract.errors import DataError, UsageError
from iqabench.data import splits
from iqabench.data.maps import MapSource
from iqabench.data.splits import Split
from iqabench.data.tables import Dataset
from iqabench.protocols.grammar import Across, Request
from iqabench.protocols.requests import ModelRequest
from iqabench.store.fingerprints import digest

NO_TRAINING = "-"
FINDINGS = ("shared", "seen")
"""Fields of an evaluation's record that the leakage audit found."""
UNIDENTIFYING = (*FINDINGS, "recipe")
"""Fields of an evaluation's record that do not identify it: its configuration holds the recipe."""


@dataclass(frozen=True)
class FitJob:
    """Fit a model on the training part of a split."""

    model: ModelRequest
    dataset: Dataset
    split: Split
    seed: int
    maps: MapSource | None
    fields: Mapping[str, Any]

    kind: Literal["fit"] = "fit"

    @property
    def fingerprint(self) -> str:
        """Hash of the fields."""
        return digest(self.fields)


@dataclass(frozen=True)
class PredictJob:
    """Score images: all of a data set, or the contents of a test part."""

    model: ModelRequest
    dataset: Dataset
    contents: tuple[str, ...] | None
    """None scores every image."""
    fit: FitJob | None
    seed: int
    maps: MapSource | None
    fields: Mapping[str, Any]

    kind: Literal["predict"] = "predict"

    @property
    def fingerprint(self) -> str:
        """Hash of the fields."""
        return digest(self.fields)


@dataclass(frozen=True)
class Evaluation:
    """One row before statistics: these predictions, on this part, for this model."""

    model: ModelRequest
    protocol: str
    train: str
    test: Dataset
    seed: int
    fold: int | None
    contents: tuple[str, ...] | None
    split: Split | None
    predict: PredictJob
    selection: str
    shared: tuple[str, ...] | None = None
    """Tested contents that the model has seen; None where nobody looked or nobody can know."""
    seen: tuple[str, ...] = ()
    """Names by which published weights say that they have seen the test set."""

    @property
    def identity(self) -> str:
        """Hash of the record without what the audit found and without the recipe's name."""
        record = self.record()
        return digest({key: record[key] for key in record if key not in UNIDENTIFYING})

    @property
    def saliency(self) -> str:
        """Whose maps the model learnt from and, where others, whose it is given; ``-`` without."""
        maps = (self.predict.fit.maps if self.predict.fit else None, self.predict.maps)
        return "; ".join(dict.fromkeys(found.label for found in maps if found is not None)) or "-"

    def record(self) -> dict[str, Any]:
        """The evaluation as the store keeps it."""
        return {
            "label": self.model.label,
            "model": self.model.card.name,
            "config": self.model.config,
            "init": self.model.init if self.model.trains else "-",
            "weights": self.model.weights if self.model.card.trains else "-",
            "recipe": self.model.recipe_name,
            "direction": self.model.direction,
            "protocol": self.protocol,
            "train": self.train,
            "test": self.test.name,
            "test_hash": self.test.hash,
            "labels": self.test.card.label_kind,
            "seed": self.seed,
            "fold": self.fold,
            "split": self.split.hash if self.split else None,
            "contents": list(self.contents) if self.contents is not None else None,
            "selection": self.selection,
            "saliency": self.saliency,
            "predict": self.predict.fingerprint,
            "fit": self.predict.fit.fingerprint if self.predict.fit else None,
            "shared": list(self.shared) if self.shared is not None else None,
            "seen": list(self.seen),
        }


@dataclass(frozen=True)
class Plan:
    """Everything a run will do, in order."""

    evaluations: tuple[Evaluation, ...]
    skipped: tuple[str, ...] = ()
    """Pairs that do not apply, and why."""
    jobs: tuple[FitJob | PredictJob, ...] = field(default=())


@dataclass(frozen=True)
class Part:
    """One repetition of a protocol: what is trained on and what is tested."""

    train: Dataset | None
    test: Dataset
    split: Split | None
    contents: tuple[str, ...] | None
    seed: int
    fold: int | None
    protocol: str


def make(
    models: Sequence[ModelRequest],
    requests: Sequence[Request],
    read: Callable[[str], Dataset],
    choose_maps: Callable[[ModelRequest, Dataset], MapSource | None],
    seeds: int | None = None,
    split: str | None = None,
) -> Plan:
    """The plan of a run.

    Args:
        models: resolved models.
        requests: the parsed ``--datasets``.
        read: returns a data set by name, reading each once.
        choose_maps: the saliency maps a model learns from on a data set.
        seeds: repetitions 0..N-1; None takes what the training set's protocol asks for.
        split: ``official`` asks for the published split, anything else names a split's file.

    Raises:
        DataError: a data set is too small for its protocol or has no official split, or the file
            holds no split of it.
    """
    evaluations, skipped = [], []
    for request in requests:
        parts = list(parts_of(request, read, seeds, split))
        for model in models:
            lack = _lack(model, parts[0])
            if lack:
                skipped.append(f"{model.label} on {lack}")
                continue
            evaluations += [_evaluation(model, part, choose_maps) for part in parts]
    return Plan(tuple(evaluations), tuple(skipped), tuple(_jobs(evaluations)))


def _lack(model: ModelRequest, part: Part) -> str:
    """Which set lacks what the model cannot do without; empty where none does."""
    if model.card.full_reference and "reference" not in part.test.table:
        return f"{part.test.name}: it has no references"
    learns = model.trains and model.card.fit_on == "references"
    if learns and part.train is not None and "reference" not in part.train.table:
        return f"{part.train.name}: it has no references to learn from"
    return ""


def _jobs(evaluations: Iterable[Evaluation]) -> Iterable[FitJob | PredictJob]:
    jobs: dict[str, FitJob | PredictJob] = {}
    for evaluation in evaluations:
        if evaluation.predict.fit is not None:
            jobs.setdefault(evaluation.predict.fit.fingerprint, evaluation.predict.fit)
        jobs.setdefault(evaluation.predict.fingerprint, evaluation.predict)
    return jobs.values()


def parts_of(
    request: Request, read: Callable[[str], Dataset], seeds: int | None, split: str | None
) -> Iterable[Part]:
    """Every repetition that a request asks for."""
    if isinstance(request, Across):
        if split is not None:
            raise UsageError(
                f"--split {split} does not apply to {request.train}:{request.test}",
                "across sets all of the first trains and all of the second tests",
            )
        train, test = read(request.train), read(request.test)
        protocol = train.card.protocol
        for seed in range(seeds or Protocol().seeds):
            made = splits.train_and_validate(train.name, train.table["content"], seed, protocol)
            yield Part(train, test, made, None, seed, None, "cross")
        return
    dataset = read(request.dataset)
    protocol = dataset.card.protocol
    if split not in (None, "official"):
        made = splits.load(Path(split), dataset.name, dataset.table["content"])
        for seed in range(seeds or protocol.seeds):
            yield Part(dataset, dataset, made, made.test, seed, None, f"split {made.hash[:8]}")
        return
    if split == "official":
        protocol = protocol.model_copy(update={"kind": "official"})
    for seed in range(seeds or protocol.seeds):
        for fold, made in _within(dataset, protocol, seed):
            yield Part(dataset, dataset, made, made.test, seed, fold, _name(protocol))


def split_of(dataset: Dataset, seed: int, fold: int | None) -> Split:
    """The split that a data set's own protocol makes for a seed and, where it has folds, a fold.

    Raises:
        UsageError: the protocol has folds and none of them is named, or the other way round.
        DataError: the set is too small for its protocol.
    """
    protocol = dataset.card.protocol
    found = dict(_within(dataset, protocol, seed))
    if fold not in found:
        folds = f"{protocol.folds} folds" if None not in found else "no folds"
        hint = f"name one, --fold 0 to {protocol.folds - 1}" if None not in found else "drop --fold"
        raise UsageError(f"'{dataset.name}' is split into {folds}", hint)
    return found[fold]


def _within(dataset: Dataset, protocol: Protocol, seed: int) -> Iterable[tuple[int | None, Split]]:
    contents = list(dataset.table["content"])
    if protocol.kind == "k-fold":
        for fold in range(protocol.folds):
            yield fold, splits.k_fold(dataset.name, contents, seed, fold, protocol)
    elif protocol.kind == "official":
        yield None, splits.official(dataset.name, dataset.table, seed, protocol)
    else:
        yield None, splits.hold_out(dataset.name, contents, seed, protocol)


def _name(protocol: Protocol) -> str:
    if protocol.kind == "k-fold":
        return f"{protocol.folds}-fold"
    return protocol.kind


def _evaluation(
    model: ModelRequest,
    part: Part,
    choose_maps: Callable[[ModelRequest, Dataset], MapSource | None],
) -> Evaluation:
    fit = _fit(model, part, choose_maps) if model.trains else None
    predict = _predict(model, part, fit, choose_maps)
    return Evaluation(
        model=model,
        protocol=part.protocol,
        train=part.train.name if part.train is not None and fit is not None else NO_TRAINING,
        test=part.test,
        seed=part.seed,
        fold=part.fold,
        contents=part.contents,
        split=part.split,
        predict=predict,
        selection=_selection(model) if fit else NO_TRAINING,
    )


def _selection(model: ModelRequest) -> str:
    if model.card.kind == "estimator":
        return "none"
    return "validation" if model.recipe.select == "best" else "last epoch"


def _fit(
    model: ModelRequest,
    part: Part,
    choose_maps: Callable[[ModelRequest, Dataset], MapSource | None],
) -> FitJob:
    if part.train is None or part.split is None:
        raise DataError(f"'{model.label}' needs a training set", "name one: TRAIN:TEST")
    maps = choose_maps(model, part.train)
    fields = {
        "kind": "fit",
        **model.fields(),
        "dataset": part.train.name,
        "data": part.train.hash,
        "split": part.split.hash,
        "maps": maps.fields(part.train) if maps else None,
        "seed": part.seed,
    }
    return FitJob(model, part.train, part.split, part.seed, maps, fields)


def _predict(
    model: ModelRequest,
    part: Part,
    fit: FitJob | None,
    choose_maps: Callable[[ModelRequest, Dataset], MapSource | None],
) -> PredictJob:
    """A model that was not fitted here scores every image once, whatever the seed."""
    maps = choose_maps(model, part.test) if model.card.saliency == "input" else None
    contents = part.contents if fit is not None else None
    seed = part.seed if fit is not None else 0
    fields = {
        "kind": "predict",
        **model.fields(),
        "fit": fit.fingerprint if fit else None,
        "dataset": part.test.name,
        "data": part.test.hash,
        "contents": list(contents) if contents is not None else None,
        "maps": maps.fields(part.test) if maps else None,
        "seed": seed,
    }
    return PredictJob(model, part.test, contents, fit, seed, maps, fields)
