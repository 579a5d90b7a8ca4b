"""The options of MANIQA, apart from its code so that reading them imports no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """What decides the network."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    init: Literal["default", "random"] = "default"
    """``default`` starts the ViT from ImageNet weights."""
    scale: float = 0.8
    """Residual scale of the Swin stages; 0.8 in the official configuration."""
