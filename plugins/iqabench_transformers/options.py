"""The options of the networks, apart from their code so that reading them imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class TIQAOptions(BaseModel):
    """What decides TIQA: an encoder and the transformer that reads its features."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "resnet50"
    """``resnet50``, ``efficientnet-lite0`` or another timm backbone."""
    init: Literal["default", "random"] = "default"
    """``default`` starts the encoder from ImageNet weights."""
    width: int | None = Field(32, ge=1)
    """Channels of a token; None: as many as the features have."""
    layers: int = Field(2, ge=1)
    heads: int = Field(8, ge=1)
    feed_forward: int = Field(64, ge=1)
    """Hidden units of a layer's second half."""
    hidden: int = Field(64, ge=1)
    """Units of the quality head."""
    dropout: float = Field(0.1, ge=0, lt=1)


class DOROptions(TIQAOptions):
    """What decides DOR-IQA. docs/transformers.md gives the reasons."""

    width: int | None = Field(None, ge=1)
    layers: int = Field(1, ge=1)
    heads: int = Field(16, ge=1)
    feed_forward: int = Field(2048, ge=1)
    hidden: int = Field(128, ge=1)
    bins: int = Field(28, ge=2)
    """Ordered classes that the scale of quality is cut into."""
