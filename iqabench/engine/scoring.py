"""Readies a model of any kind for a predict job: builds it and loads what it learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn

from iqabench.contract.errors import WeightsError
from iqabench.contract.models import network
from iqabench.engine.features import features
from iqabench.engine.fitting import WEIGHTS, Scale, parameters
from iqabench.engine.predict import Prediction, Score, network_score, predictions, scorer_score
from iqabench.kit.weights import resolve
from iqabench.protocols.plan import PredictJob
from iqabench.store import Store


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
    model = job.model.build()
    if job.model.card.kind == "scorer":
        size = parameters(model) if isinstance(model, nn.Module) else None
        score = scorer_score(model, job.dataset, job.model.card.full_reference)
        return Scored(score, size)
    path = _weights(job, store)
    if job.model.card.kind == "estimator":
        return _estimator(job, model, path)
    return _network(job, network(model), path)


def _estimator(job: PredictJob, model: object, path: Path) -> Scored:
    with safe_open(path, "np") as stored:
        state = {key: stored.get_tensor(key) for key in stored.keys()}  # noqa: SIM118
        scale = Scale.from_metadata(stored.metadata())
    model.load_state(state)  # type: ignore[attr-defined]

    def score(name: str) -> float:
        found = features(model, job.model, job.dataset, name)
        return scale.up(float(model.predict(found[None])[0]))  # type: ignore[attr-defined]

    return Scored(score, int(sum(array.size for array in state.values())))


def _network(job: PredictJob, model: nn.Module, path: Path) -> Scored:
    scale = load_weights(model, path)
    model.eval().to(job.model.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    score = network_score(
        model,
        job.model.recipe,
        job.dataset,
        job.maps,
        job.model.device,
        job.model.precision,
        job.seed,
    )
    return Scored(lambda name: scale.up(score(name)), parameters(model))


def load_weights(model: nn.Module, path: Path) -> Scale:
    """Load a network's weights strictly; returns the label scale kept with them.

    Raises:
        WeightsError: the file is no weights file, or fits another network.
    """
    from iqabench.kit.weights import load_tensors

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


def _weights(job: PredictJob, store: Store) -> Path:
    if job.fit is not None:
        return _job_weights(store, job.fit.fingerprint)
    chosen = job.model.weights
    if chosen == "published":
        return resolve(job.model.card.weights[0])
    if chosen.startswith("job:"):
        return _job_weights(store, chosen.removeprefix("job:"))
    return Path(chosen)


def _job_weights(store: Store, fingerprint: str) -> Path:
    fit = store.job(fingerprint)
    if fit is None or not fit.done or not (fit.folder / WEIGHTS).exists():
        why = "failed" if fit is not None else "is not in the store"
        raise WeightsError(f"fit job {fingerprint} {why}", f"iqabench show {fingerprint}")
    return fit.folder / WEIGHTS
