"""Readies a model of any kind for a predict job: builds it and loads what it learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from iqabench.contract.errors import WeightsError
from iqabench.contract.models import network
from iqabench.engine.features import features
from iqabench.engine.fitting import WEIGHTS, Scale, parameters
from iqabench.engine.predict import (
    Planes,
    Prediction,
    Score,
    dataset_planes,
    network_score,
    predictions,
    scorer_score,
)
from iqabench.kit.weights import load_arrays, load_tensors, resolve
from iqabench.protocols.plan import PredictJob
from iqabench.protocols.requests import ModelRequest
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.contract.models import Features


@dataclass(frozen=True)
class Scored:
    """A model ready to score, and its size."""

    score: Score
    parameters: int | None

    def predictions(self, names: Sequence[str]) -> Iterator[Prediction]:
        """Score pictures one by one."""
        return predictions(names, self.score)


def scorer_for(job: PredictJob, store: Store) -> Scored:
    """The job's model, built and loaded.

    Raises:
        WeightsError: what the model learnt cannot be found or does not fit it.
    """
    dataset = job.dataset
    references = None
    if job.model.card.full_reference:
        table = dataset.table
        references = dict(zip(table["reference"], table["reference"], strict=True))
        references |= dict(zip(table["image"], table["reference"], strict=True))
    weights = None
    if job.model.card.kind != "scorer":
        if job.fit is not None:
            weights = _job_weights(store, job.fit.fingerprint)
        else:
            weights = chosen_weights(job.model, store)
    return ready(
        job.model,
        weights,
        dataset_planes(dataset, job.maps, job.model.allow_truncated, job.model.scale),
        lambda model, name: features(model, job.model, dataset, name),
        references,
        job.seed,
    )


def ready(
    request: ModelRequest,
    weights: Path | None,
    planes: Planes,
    features_of: Callable[[Any, str], Features],
    references: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Scored:
    """A model of any kind, built and loaded, as a function of picture names."""
    model = request.build(loaded=weights is not None)
    if weights is None:
        if isinstance(model, nn.Module):
            model.eval()
        size = parameters(model) if isinstance(model, nn.Module) else None
        return Scored(scorer_score(model, planes, references), size)
    if request.card.kind == "estimator":
        return _estimator(model, weights, features_of)
    net = network(model)
    scale = load_weights(net, weights)
    net.eval().to(request.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    score = network_score(net, request.recipe, planes, request.device, request.precision, seed)
    return Scored(lambda name: scale.up(score(name)), parameters(net))


def _estimator(model: Any, path: Path, features_of: Callable[[Any, str], Features]) -> Scored:
    state, metadata = load_arrays(path)
    scale = Scale.from_metadata(metadata)
    model.load_state(state)

    def score(name: str) -> float:
        return scale.up(float(model.predict(features_of(model, name)[None])[0]))

    return Scored(score, int(sum(array.size for array in state.values())))


def load_weights(model: nn.Module, path: Path) -> Scale:
    """Load a network's weights strictly; returns the label scale kept with them.

    Raises:
        WeightsError: the file is no weights file, or fits another network.
    """
    tensors, metadata = load_tensors(path)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise WeightsError(
            f"{path} does not fit {type(model).__name__}: {first}",
            "were these weights made with the same options?",
        ) from error
    return Scale.from_metadata(metadata)


def chosen_weights(request: ModelRequest, store: Store) -> Path:
    """The weights file that ``--weights`` names, other than ``train``.

    Raises:
        WeightsError: it cannot be had.
    """
    if request.weights == "published":
        return resolve(request.card.weights[0], "name a file with --weights FILE")
    if request.weights.startswith("job:"):
        return _job_weights(store, request.weights.removeprefix("job:"))
    return Path(request.weights)


def _job_weights(store: Store, fingerprint: str) -> Path:
    fit = store.job(fingerprint)
    if fit is None or not fit.done or not (fit.folder / WEIGHTS).exists():
        why = "failed" if fit is not None else "is not in the store"
        raise WeightsError(f"fit job {fingerprint} {why}", f"iqabench show {fingerprint}")
    return fit.folder / WEIGHTS
