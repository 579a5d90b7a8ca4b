"""The options of the networks, apart from their code so that reading them imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SDSOptions(BaseModel):
    """What decides SDS-IQA. docs/saliency-models.md gives the reasons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "efficientnet-lite0"
    """Of both streams: ``efficientnet-lite0``, ``resnet50`` or another timm backbone."""
    init: Literal["default", "random"] = "default"
    """``default`` starts from ImageNet weights."""
    streams: Literal["both", "image", "saliency"] = "both"
    """Picture and map, or one of them alone."""
    spatial_attention: bool = True
    """Weigh places by what the saliency stream sees there."""
    channel_gate: bool = True
    """Weigh the pooled channels of both streams before the head reads them."""
    multiscale: bool = True
    """Work at the last four blocks, or at the very last alone."""
    hidden: int = Field(256, ge=1)
    """Units of the quality head."""
    dropout: float = Field(0.2, ge=0, lt=1)


class SGDOptions(BaseModel):
    """What decides SGDNet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "resnet50"
    """``resnet50``, ``efficientnet-lite0`` or another timm backbone."""
    init: Literal["default", "random"] = "default"
    """``default`` starts from ImageNet weights."""
    channel_attention: bool = True
    """Squeeze and excitation."""
    saliency: bool = True
    """Predict a map, learn it from the true one, and weigh places by it."""
    channels: int = Field(512, ge=4)
    """Of the shared feature."""
    hidden: int = Field(1024, ge=1)
    """Units of each fully connected layer."""
    dropout: float = Field(0.5, ge=0, lt=1)
