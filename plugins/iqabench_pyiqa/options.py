"""The options of the networks; in a separate module, because reading them must not import torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Started(BaseModel):
    """The start weights of a network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    init: Literal["default", "random"] = "default"
    """``default`` starts the backbone from ImageNet weights."""


class Options(Started):
    """The options of MANIQA."""

    scale: float = 0.8
    """Factor on the output of the Swin layers before their input is added; 0.8 in the official
    configuration."""
    width: int = Field(768, ge=24, multiple_of=24)
    """Channels of the ViT; ImageNet weights exist only for 768."""
    image_size: int = Field(224, ge=32, multiple_of=32)
    """Side in pixels of a crop; must equal the side in the recipe."""


class HyperOptions(Started):
    """The options of HyperIQA."""

    backbone: Literal["resnet50", "resnet14t"] = "resnet50"


class TresOptions(Started):
    """The options of TReS."""

    backbone: Literal["resnet50", "resnet34", "resnet18"] = "resnet50"


class MetricOptions(BaseModel):
    """The choice of one of pyiqa's metrics."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metric: str
    """pyiqa's name of the metric."""
