"""The options of the ridge, apart from its code, which imports torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class RidgeOptions(BaseModel):
    """What decides the features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "efficientnet-lite0"
    """A short name (efficientnet-lite0, vgg19, resnet50) or a convolutional network of timm."""
    init: Literal["default", "random"] = "default"
    """ImageNet weights, or random ones, which need no file."""
