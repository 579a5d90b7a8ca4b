"""The options of the networks, apart from their code so that reading them imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Started(BaseModel):
    """Where a network starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    init: Literal["default", "random"] = "default"
    """``default`` starts the backbone from ImageNet weights."""


class Options(Started):
    """What decides MANIQA."""

    scale: float = 0.8
    """Residual scale of the Swin stages; 0.8 in the official configuration."""
    width: int = Field(768, ge=24, multiple_of=24)
    """Channels of the ViT; ImageNet weights are to be had for 768 only."""
    image_size: int = Field(224, ge=32, multiple_of=32)
    """Side in pixels of a crop; must equal the recipe's."""


class HyperOptions(Started):
    """What decides HyperIQA."""

    backbone: Literal["resnet50", "resnet14t"] = "resnet50"


class TresOptions(Started):
    """What decides TReS."""

    backbone: Literal["resnet50", "resnet34", "resnet18"] = "resnet50"


class MetricOptions(BaseModel):
    """Which of pyiqa's metrics scores."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    """The name by which pyiqa knows it."""
