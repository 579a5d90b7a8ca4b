"""Scores pictures with a model of any kind: functions from a picture's name to its score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import DataError, ScoreError
from iqabench.data.tables import Dataset
from iqabench.data.tensors import picture_tensor, planes_of, scaled
from iqabench.engine.ahead import Read
from iqabench.engine.crops import map_tensor, normalise, test_views
from iqabench.engine.one_by_one import Score
from iqabench.engine.work_time import working
from iqabench.saliency.maps import MapSource

Planes = Callable[[str], Tensor]
"""A picture by name, (3 or 4, H, W) float32 in [0, 1]."""
ContentOf = Callable[[str], str]
"""The hash of a picture's file, in hexadecimal, by the picture's name."""


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


def dataset_planes(
    dataset: Dataset,
    maps: MapSource | None = None,
    allow_truncated: bool = False,
    scale: float = 1.0,
    read: Read | None = None,
) -> Planes:
    """A function that gives a picture, with its saliency map as a fourth plane, if any.

    ``read`` decodes a picture; None takes :func:`picture_reader`.
    """
    decoded = picture_reader(dataset, allow_truncated) if read is None else read

    def planes(name: str) -> Tensor:
        picture = decoded(name)
        saliency = None if maps is None else map_tensor(dataset, name, maps, allow_truncated)
        return scaled(planes_of(picture, saliency), scale)

    return planes


def picture_reader(dataset: Dataset, allow_truncated: bool) -> Read:
    """A function that decodes a data set's pictures."""
    return lambda name: picture_tensor(dataset, name, allow_truncated)


def network_score(
    model: nn.Module,
    recipe: Recipe,
    planes: Planes,
    content_of: ContentOf,
    device: str,
    precision: str,
    seed: int,
) -> Score:
    """A function that scores one picture by a network and the recipe's crops.

    ``planes`` gives a fourth plane, saliency, only if saliency is an input of the model. Seed and
    content decide random crops, so a picture has one score under every name and path.
    """

    def score(name: str) -> float:
        picture = planes(name)
        drawn = recipe.crop is not None and recipe.test_crop_kind == "random"
        key = (seed, int(content_of(name), 16)) if drawn else (seed,)
        with working():
            views = test_views(picture, recipe, key).to(device)
            inputs = normalise(views[:, :3], recipe).contiguous(memory_format=torch.channels_last)
            extra = () if views.shape[1] == 3 else (views[:, 3:],)
            scores = forward(model, inputs, *extra, device=device, precision=precision)
            if scores.shape != (len(views),):
                raise ScoreError(
                    f"the model returned shape {tuple(scores.shape)} for {len(views)} crops",
                    "forward returns one score per crop, (B,)",
                )
            return float(scores.mean() if recipe.pool == "mean" else scores.quantile(0.5))

    return score


def forward(model: nn.Module, *inputs: Tensor, device: str, precision: str) -> Tensor:
    """Scores of crops, float32, computed without gradients in the given precision."""
    with (
        torch.inference_mode(),
        torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"),
    ):
        result: Tensor = model(*inputs)
    return result.float()


def scorer_score(model: Any, planes: Planes, references: Mapping[str, str] | None = None) -> Score:
    """A function that scores one whole picture.

    If ``references`` are given, the model compares the picture with its reference.
    """

    def score(name: str) -> float:
        image = planes(name)[None]
        if references is None:
            with torch.inference_mode(), working():
                return single(model.score(image))
        reference = planes(references[name])[None]
        if reference.shape != image.shape:
            raise DataError(
                f"{name} and its reference differ in size", "full-reference measures need equals"
            )
        with torch.inference_mode(), working():
            return single(model.score(image, reference))

    return score
