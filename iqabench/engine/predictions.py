"""Pictures by name as models see them, and the scores of models that see whole pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from iqabench.contract.errors import DataError, ScoreError
from iqabench.data.tables import Dataset
from iqabench.data.tensors import picture_tensor, planes_of, scaled
from iqabench.engine.crops import map_tensor
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
) -> Planes:
    """A function that gives a picture, with its saliency map as a fourth plane, if any."""

    def planes(name: str) -> Tensor:
        picture = picture_tensor(dataset, name, allow_truncated)
        saliency = None if maps is None else map_tensor(dataset, name, maps, allow_truncated)
        return scaled(planes_of(picture, saliency), scale)

    return planes


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
