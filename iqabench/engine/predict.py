"""Scores pictures with a model of any kind. A picture that fails is a named failure, not a gap."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import DataError, ScoreError
from iqabench.data.maps import MapSource
from iqabench.data.tables import Dataset
from iqabench.data.views import map_tensor, normalise, picture_tensor, test_views


@dataclass(frozen=True)
class Prediction:
    """One picture's score, or why it has none."""

    image: str
    prediction: float
    seconds: float
    error: str | None = None


Score = Callable[[str], float]


def predictions(names: Sequence[str], score: Score) -> Iterator[Prediction]:
    """Score pictures one by one; an exception or a non-finite score fails that picture alone."""
    for name in names:
        start = time.perf_counter()
        try:
            value = score(name)
            error = None if math.isfinite(value) else f"ScoreError: the score is {value}"
        except Exception as problem:
            value, error = math.nan, f"{type(problem).__name__}: {problem}"
        seconds = time.perf_counter() - start
        yield Prediction(name, value if error is None else math.nan, seconds, error)


def single(scores: Any) -> float:
    """The only score in a model's output for one picture.

    Raises:
        ScoreError: the output holds no or several scores.
    """
    found = torch.as_tensor(scores).flatten()
    if found.numel() != 1:
        shape = tuple(torch.as_tensor(scores).shape)
        raise ScoreError(f"the model returned shape {shape} for one picture", "one score each")
    return float(found[0])


def network_score(
    model: nn.Module,
    recipe: Recipe,
    dataset: Dataset,
    maps: MapSource | None,
    device: str,
    precision: str,
    seed: int,
) -> Score:
    """A function that scores one picture of a data set by a network and the recipe's crops.

    ``maps`` is given only for models whose input they are.
    """
    order = {name: row for row, name in enumerate(dataset.table["image"])}

    def score(name: str) -> float:
        planes = picture_tensor(dataset, name).float() / 255
        if maps is not None:
            planes = torch.cat([planes, map_tensor(dataset, name, maps)])
        views = test_views(planes, recipe, (seed, order[name])).to(device)
        inputs = normalise(views[:, :3], recipe).contiguous(memory_format=torch.channels_last)
        extra = () if maps is None else (views[:, 3:],)
        scores = forward(model, inputs, *extra, device=device, precision=precision)
        if scores.shape != (len(views),):
            raise ScoreError(
                f"the model returned shape {tuple(scores.shape)} for {len(views)} crops",
                "forward returns one score per crop, (B,)",
            )
        pooled = scores.mean() if recipe.pool == "mean" else scores.median()
        return float(pooled)

    return score


def forward(model: nn.Module, *inputs: Tensor, device: str, precision: str) -> Tensor:
    """Scores of crops, float32, without gradients, in the precision asked for."""
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"),
    ):
        result: Tensor = model(*inputs)
    return result.float()


def scorer_score(model: Any, dataset: Dataset, full_reference: bool) -> Score:
    """A function that scores one whole picture by a :class:`Scorer`."""
    references = (
        dict(zip(dataset.table["image"], dataset.table["reference"], strict=True))
        if (full_reference)
        else {}
    )

    def score(name: str) -> float:
        image = picture_tensor(dataset, name)[None].float() / 255
        if not full_reference:
            return single(model.score(image))
        reference = picture_tensor(dataset, references[name])[None].float() / 255
        if reference.shape != image.shape:
            raise DataError(
                f"{name} and its reference differ in size", "full-reference measures need equals"
            )
        return single(model.score(image, reference))

    return score
