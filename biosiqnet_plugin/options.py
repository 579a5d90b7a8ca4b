"""The options of BioSIQNet. The paper makes some of these choices and leaves the others open."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)


class Options(BaseModel):
    """Choices of architecture and losses. docs/biosiqnet.md gives the reasons."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    encoder: str = "efficientnet-lite0"
    """``efficientnet-lite0``, ``1`` or ``2``, ``vgg19``, ``resnet50`` or another timm backbone.
    With a timm ViT the network has the transformer form."""
    init: Literal["default", "random"] = "default"
    """``default`` starts from ImageNet weights."""
    sharing: Literal["shared", "separate"] = "shared"
    """``shared``: all tasks share the trunk, with an adapter per saliency task. ``separate``: each
    saliency task has its own encoder."""
    low_block: int | None = Field(2, ge=1)
    """Block after which low saliency is fused into the trunk; None: no low-saliency branch."""
    high_block: int | None = Field(4, ge=1)
    """Block after which high saliency is fused into the trunk; None: no high-saliency branch."""
    high_target: Literal["high", "entire"] = "high"
    """The true map of the high-saliency branch: ``high`` saliency alone, or the ``entire`` map."""
    threshold: float = Field(120, ge=0, le=255)
    """Saliency is high from this value on and low below it. The maximum of a map is 255."""
    binary: bool = False
    """Whether the true maps of low and high saliency hold 0 and 1 in place of saliency values."""
    map_start: float = -8.0
    """Added at the start to the inputs of a decoder's last sigmoid; lower values saturate less."""
    kld_weight: float = 5.0
    cc_weight: float = -2.0
    sim_weight: float = -1.0
    head: Literal["pooled", "vgg-fc", "statistics"] = "pooled"
    """The convolutional form's quality head: ``pooled``, one hidden layer behind the mean of the
    feature; ``vgg-fc``, a VGG's own fully connected layers, with one score in place of classes;
    ``statistics``, a ridge regression on the mean and deviation of every block's output, learnt
    before training starts, and one hidden layer beside it."""
    hidden: int = Field(256, ge=1)
    """Units of the hidden layer of the heads ``pooled`` and ``statistics``."""
    taps: Literal["blocks", "layers"] = "blocks"
    """Where the head ``statistics`` looks: at the output of every block, or of every layer of an
    encoder built like EfficientNet."""
    half_view: bool = False
    """Whether the head ``statistics`` also sees the picture at half its size. The trunk computes
    that view without the branches."""
    expected_error: bool = False
    """Whether the head ``statistics`` also learns how far off the scores of such pictures are."""
    fusion_start: float = 1.0
    """Start of the learnt scale of a saliency feature where it is fused into the trunk. 1 is the
    paper's; with 0 training starts from the trunk's own features."""
    dropout: float = Field(0.2, ge=0, lt=1)
    image_size: int = Field(224, ge=32)
    """Side in pixels of the transformer form's crops; must equal the side in the recipe."""

    @model_serializer(mode="wrap")
    def _without_later_choices(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Jobs of earlier releases, which had no such choices, keep their fingerprints.
        fields: dict[str, Any] = dump(self)
        return {k: v for k, v in fields.items() if k not in LATER or v != LATER[k]}


LATER: dict[str, Any] = {
    "head": "pooled",
    "taps": "blocks",
    "half_view": False,
    "expected_error": False,
    "fusion_start": 1.0,
}
"""Options that came after the first release, at the values that stand for what it did."""
