"""Fits one model, network or estimator, on the training part of a split."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file
from torch import nn

from iqabench.contract.errors import DataError
from iqabench.contract.models import network
from iqabench.data.pixels import prepare
from iqabench.data.tables import Tick
from iqabench.data.views import TrainingCrops
from iqabench.engine.features import features_of
from iqabench.engine.predict import dataset_planes, network_score, predictions
from iqabench.protocols.plan import FitJob
from iqabench.stats.agreement import srocc

Array = NDArray[np.float64]
WEIGHTS = "weights.safetensors"


class Scale:
    """Label scaling to [0, 1], its limits taken from the training part only."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    @classmethod
    def of(cls, quality: Array) -> Scale:
        """The limits of a training part's qualities.

        Raises:
            DataError: all are equal.
        """
        low, high = float(quality.min()), float(quality.max())
        if low == high:
            raise DataError("every training label is the same", "nothing can be learnt from them")
        return cls(low, high)

    def down(self, quality: Array) -> Array:
        """To [0, 1] on the training part."""
        return (quality - self.low) / (self.high - self.low)

    def up(self, scaled: float) -> float:
        """Back to the units of the training set's quality."""
        return self.low + scaled * (self.high - self.low)

    def metadata(self) -> dict[str, str]:
        """As safetensors keeps it."""
        return {"scale": json.dumps([self.low, self.high])}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str] | None) -> Scale:
        """What :meth:`metadata` kept; the identity where weights come from elsewhere."""
        return cls(*json.loads((metadata or {}).get("scale", "[0.0, 1.0]")))


def fit(job: FitJob, folder: Path, tick: Tick) -> dict[str, Any]:
    """Fit the job's model and write its weights into the folder; returns what to record."""
    rows = job.dataset.rows_of(list(job.split.train))
    quality = rows["quality"].to_numpy(dtype=np.float64)
    scale = Scale.of(quality)
    if job.model.card.kind == "estimator":
        return _fit_estimator(job, list(rows["image"]), scale.down(quality), scale, folder, tick)
    return _fit_network(job, list(rows["image"]), scale.down(quality), scale, folder, tick)


def _fit_estimator(
    job: FitJob, names: list[str], quality: Array, scale: Scale, folder: Path, tick: Tick
) -> dict[str, Any]:
    model = job.model.build()
    if job.model.card.fit_on == "references":
        names = sorted(set(job.dataset.rows_of(list(job.split.train))["reference"]))
        quality, scale = np.full(len(names), np.nan), Scale(0.0, 1.0)
    features = features_of(model, job.model, job.dataset, names, tick)
    model.fit(features, quality)
    state = {key: np.asarray(value, order="C") for key, value in model.state().items()}
    save_arrays(state, folder / WEIGHTS, scale.metadata())
    return {"images": len(names), "parameters": int(sum(array.size for array in state.values()))}


def _fit_network(
    job: FitJob, names: list[str], quality: Array, scale: Scale, folder: Path, tick: Tick
) -> dict[str, Any]:
    from iqabench.engine.fit import fit_network, plain_state

    torch.manual_seed(job.seed)
    model = network(job.model.build())
    held = job.dataset.rows_of(list(job.split.validation))
    learnt_from = job.maps
    truncated = job.model.allow_truncated
    as_input = job.model.card.saliency == "input"
    prepare(job.dataset, [*names, *held["image"]], truncated, tick)
    if learnt_from is not None:
        mapped = [*names, *held["image"]] if as_input else names
        learnt_from.make(job.dataset, mapped, tick, truncated)
    crops = TrainingCrops(
        job.dataset,
        names,
        quality.astype(np.float32),
        job.model.recipe,
        learnt_from,
        job.seed,
        truncated,
    )

    def validate(candidate: nn.Module) -> float:
        score = network_score(
            candidate,
            job.model.recipe,
            dataset_planes(job.dataset, learnt_from if as_input else None, truncated),
            job.model.device,
            job.model.precision,
            job.seed,
        )
        found = list(predictions(list(held["image"]), score))
        failed = next((row for row in found if row.error), None)
        if failed is not None:
            raise DataError(
                f"validation failed on {failed.image}: {failed.error}",
                "the model cannot score what it is trained on",
            )
        return srocc(np.array([row.prediction for row in found]), held["quality"].to_numpy())

    history = fit_network(
        model,
        job.model.recipe,
        crops,
        validate,
        folder,
        job.model.device,
        job.model.precision,
        tick,
    )
    save_file(plain_state(model), folder / WEIGHTS, scale.metadata())
    kept = [row["validation_srocc"] for row in history if row["stage"] == history[-1]["stage"]]
    if job.model.recipe.select == "best":
        kept.sort(key=lambda srocc: srocc if math.isfinite(srocc) else -math.inf)
    return {
        "images": len(names),
        "epochs": len(history),
        "validation_srocc": kept[-1] if math.isfinite(kept[-1]) else None,
        "parameters": parameters(model),
        "saliency": job.maps.label if job.maps else None,
    }


def parameters(model: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(tensor.numel() for tensor in model.parameters())
