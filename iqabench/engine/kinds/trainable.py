"""Runs networks."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import DataError, WeightsError
from iqabench.contract.models import network
from iqabench.contract.progress import Tick
from iqabench.engine.crops import TrainingCrops, check_sizes
from iqabench.engine.folding import for_scoring, sharing_weights
from iqabench.engine.kinds.base import Fitted, Pictures, Ready
from iqabench.engine.label_scale import Array, LabelScale
from iqabench.engine.model_weights import needed, tells_errors
from iqabench.engine.network_score import NetworkScore, ScoresAndErrors
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.readable import check_readable
from iqabench.kit.weights import listed, load_tensors
from iqabench.protocols.plan import FitJob
from iqabench.protocols.requests import ModelRequest
from iqabench.stats.agreement import srocc
from iqabench.store.folder import WEIGHTS
from iqabench.store.records import EpochRecord

SIZE_MISMATCH = re.compile(
    r"size mismatch for (\S+): .*?torch\.Size\(\[([\d, ]*)\]\).*?torch\.Size\(\[([\d, ]*)\]\)"
)
"""An entry of another size, in torch's words: its name, the file's size, the network's size."""
LONGEST = 200
"""Letters of another's message that an error repeats."""


class Trainable:
    """Runs networks; an :class:`iqabench.engine.kinds.base.Adapter`."""

    def fit(self, job: FitJob, folder: Path, tick: Tick) -> Fitted:
        """See :meth:`iqabench.engine.kinds.base.Adapter.fit`."""
        # Lightning takes seconds to import, and only a fit needs it.
        from iqabench.engine import training_log
        from iqabench.engine.checkpoints import plain_state
        from iqabench.engine.titles import title
        from iqabench.engine.training import fit_network
        from iqabench.engine.training_module import Course

        rows, held = job.training, job.validation
        check_readable(job, [*rows["image"], *held["image"]], tick)
        quality = rows["quality"].to_numpy(dtype=np.float64)
        scale = LabelScale.of(quality)
        torch.manual_seed(job.seed)
        model = network(job.model.build())
        crops = _crops(job, list(rows["image"]), scale.down(quality), tick)
        at = job.model.log
        logging = (
            training_log.epoch_log(at, title(job), job.fingerprint) if at else nullcontext(None)
        )
        with logging as log:
            epochs = fit_network(
                Course(
                    model,
                    job.model.recipe,
                    crops,
                    lambda candidate: _validated(job, candidate),
                    folder,
                    job.model.device,
                    job.model.precision,
                    tick,
                    log,
                    job.model.compile,
                )
            )
        save_file(plain_state(model), folder / WEIGHTS, scale.metadata())
        return Fitted(
            len(rows),
            parameters(model),
            len(epochs),
            _kept_srocc(epochs, job.model.recipe),
            job.maps.label if job.maps is not None else None,
        )

    def ready(
        self, request: ModelRequest, weights: Path | None, pictures: Pictures, seed: int
    ) -> Ready:
        """See :meth:`iqabench.engine.kinds.base.Adapter.ready`."""
        model, scale = loaded_network(request, needed(weights))
        model.to(request.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        score = NetworkScore(
            for_scoring(model, request.compile),
            request.recipe,
            pictures.planes,
            pictures.content_of,
            request.device,
            request.precision,
            seed,
            scale,
        )
        errors = None
        if tells_errors(request):
            errors = replace(score, model=for_scoring(ScoresAndErrors(model), request.compile))
        return _ready(model, score, errors)


def _ready(model: nn.Module, score: NetworkScore, errors: NetworkScore | None) -> Ready:
    """A network, its scores, and its scores with expected errors, if it tells them."""

    def twin(pictures: Pictures) -> Ready:
        others = None if errors is None else errors.twin(pictures)
        return _ready(sharing_weights(model), score.twin(pictures), others)

    return Ready(
        score,
        parameters(model),
        model,
        score.predictions,
        None if errors is None else errors.with_error,
        twin if score.can_have_twins else None,
    )


def loaded_network(request: ModelRequest, weights: Path) -> tuple[nn.Module, LabelScale]:
    """A network in evaluation mode, with its weights; and the label scale kept with them.

    Raises:
        WeightsError: the file is no weights file, or fits another network.
    """
    model = network(request.build(loaded=True))
    scale = load_weights(model, weights)
    return model.eval(), scale


def load_weights(model: nn.Module, path: Path) -> LabelScale:
    """Load a network's weights strictly; returns the label scale kept with them.

    Raises:
        WeightsError: the file is no weights file, or fits another network.
    """
    tensors, metadata = load_tensors(path)
    try:
        model.load_state_dict(tensors)
    except Exception as error:  # besides torch's RuntimeError, whatever a network's hooks raise
        raise WeightsError(
            f"{path} does not fit {type(model).__name__}: {_misfit(str(error))}",
            "were these weights made by this model, with the same options?",
        ) from error
    return LabelScale.from_metadata(metadata)


def _misfit(text: str) -> str:
    """Torch's list of entries that do not fit, shortened: the number of them, and a few."""
    found = [
        f"{name} is {_sides(here)}, not {_sides(there)}"
        for name, here, there in SIZE_MISMATCH.findall(text)
    ]
    for what, said in (("missing", "Missing"), ("unknown", "Unexpected")):
        named = re.search(rf"{said} key\(s\) in state_dict: (.*?)\. *$", text, re.MULTILINE)
        found += [
            f"{name} is {what}" for name in re.findall('"([^"]+)"', named[1] if named else "")
        ]
    if not found:
        return text.partition("\n")[0][:LONGEST]
    entries = "1 entry differs" if len(found) == 1 else f"{len(found)} entries differ"
    return f"{entries}: {listed(found)}"


def _sides(size: str) -> str:
    return size.replace(", ", "x") or "one number"


def parameters(model: nn.Module) -> int:
    """Number of parameters, frozen ones included."""
    return sum(tensor.numel() for tensor in model.parameters())


def _crops(job: FitJob, names: list[str], quality: Array, tick: Tick) -> TrainingCrops:
    """Make all maps that the fit needs; returns the training crops."""
    truncated = job.model.allow_truncated
    check_sizes(job.dataset, [*names, *job.validation["image"]], job.model.recipe, truncated)
    if job.maps is not None:
        mapped = [*names, *job.validation["image"]] if job.model.card.saliency == "input" else names
        job.maps.make(job.dataset, mapped, tick, truncated)
    return TrainingCrops(
        job.dataset,
        names,
        quality.astype(np.float32),
        job.model.recipe,
        job.maps,
        job.seed,
        truncated,
    )


def _validated(job: FitJob, candidate: nn.Module) -> float:
    """SROCC of a network on the validation part."""
    held = job.validation
    maps = job.maps if job.model.card.saliency == "input" else None
    names, truncated = list(held["image"]), job.model.allow_truncated
    score = NetworkScore(
        for_scoring(candidate, job.model.compile),
        job.model.recipe,
        dataset_planes(job.dataset, maps, truncated),
        job.dataset.image_hashes.__getitem__,
        job.model.device,
        job.model.precision,
        job.seed,
    )
    found = list(score.predictions(names))
    failed = next((row for row in found if row.error), None)
    if failed is not None:
        raise DataError(
            f"validation failed on {failed.image}: {failed.error}",
            "the model cannot score what it is trained on",
        )
    return srocc(np.array([row.prediction for row in found]), held["quality"].to_numpy())


def _kept_srocc(epochs: Sequence[EpochRecord], recipe: Recipe) -> float | None:
    """Validation SROCC of the epoch whose weights the last stage kept."""
    kept = [one.validation_srocc for one in epochs if one.stage == epochs[-1].stage]
    if recipe.select == "best":
        kept.sort(key=lambda value: -math.inf if value is None else value)
    return kept[-1]
