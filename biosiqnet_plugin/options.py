"""The options of BioSIQNet, each a choice that the paper makes or leaves open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Options(BaseModel):
    """What decides the architecture and the losses. docs/biosiqnet.md gives the reasons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "efficientnet-lite0"
    """``efficientnet-lite0``, ``vgg19``, ``resnet50`` or another timm backbone; a timm ViT takes
    the transformer form."""
    init: Literal["default", "random"] = "default"
    """``default`` starts from ImageNet weights."""
    sharing: Literal["shared", "separate"] = "shared"
    """One trunk with an adapter per saliency task, or an encoder of its own for each."""
    low_block: int | None = Field(2, ge=1)
    """Block after which low saliency is fused into the quality branch; None: no such branch."""
    high_block: int | None = Field(4, ge=1)
    """The same for high saliency."""
    high_target: Literal["high", "entire"] = "high"
    """What supervises the high branch: its own part, or the whole map."""
    threshold: float = Field(120, ge=0, le=255)
    """Where maps are cut, on a scale on which their maximum is 255."""
    binary: bool = False
    """Learn where the parts are instead of how salient they are."""
    map_start: float = -8.0
    """Where the inputs of a decoder's last sigmoid start; the lower, the less it saturates."""
    kld_weight: float = 5.0
    cc_weight: float = -2.0
    sim_weight: float = -1.0
    hidden: int = Field(256, ge=1)
    """Units of the convolutional form's quality head."""
    dropout: float = Field(0.2, ge=0, lt=1)
    image_size: int = Field(224, ge=32)
    """Side in pixels of the transformer form's crops; must equal the recipe's."""
