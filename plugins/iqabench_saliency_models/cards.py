"""The cards of SDS-IQA and SGDNet."""

from __future__ import annotations

from typing import Any

from iqabench.contract import ModelCard, Recipe, Stage
from iqabench.kit.recipes import IMAGENET, LITE_RECIPE, TINY
from iqabench.kit.start_weights import start_weights

SDS_PAPER = (
    "Shi et al.: No-reference image quality assessment method based on saliency-map and "
    "dual-stream hierarchical perception (Journal of Tianjin University 58(2), 2025, "
    "doi 10.11784/tdxbz202404015)"
)
SGD_PAPER = "Yang et al.: SGDNet (ACM MM 2019)"

SDS_BEHAVIOUR, SGD_BEHAVIOUR = 1, 1
"""Raise these when the networks compute other numbers; tests/golden holds the present numbers."""
SDS_RECIPE = Recipe(
    stages=(Stage(epochs=50, lr=1e-4, schedule="cosine"),),
    batch_size=8,
    crop=(224, 224),
    test_crops=5,
    augment=("hflip",),
    patience=10,
    **IMAGENET,
)
"""Our own recipe, without tuning, because the paper's recipe is not public."""
SGD_RECIPE = Recipe(
    stages=(Stage(epochs=300, lr=1e-4),),
    batch_size=19,
    resize_short=384,
    crop=(384, 512),
    augment=(),
    patience=50,
    loss_weights={"quality": 1 / 1.25, "saliency": 0.25 / 1.25},
    **IMAGENET,
)
"""The recipe of the authors' code, as far as our recipes can express it; see
docs/saliency-models.md."""

SDS_ABLATION: dict[str, dict[str, Any]] = {
    "whole": {},
    "no-spatial-attention": {"spatial_attention": False},
    "no-channel-gate": {"channel_gate": False},
    "last-scale": {"multiscale": False},
    "image-alone": {"streams": "image"},
    "saliency-alone": {"streams": "saliency"},
}
SGD_ABLATION: dict[str, dict[str, Any]] = {
    "whole": {},
    "no-channel-attention": {"channel_attention": False},
    "no-saliency": {"saliency": False},
}
TINY_ENCODER = {**TINY, "encoder": "test_resnet"}


def _sds(name: str, what: str, encoder: str, recipe: Recipe, tables: str) -> ModelCard:
    return ModelCard(
        name=name,
        summary=f"Saliency-guided dual stream, after the paper: {what}",
        kind="trainable",
        licence="Apache-2.0",
        factory="iqabench_saliency_models.sds_iqa:SDSIQA",
        options="iqabench_saliency_models.options:SDSOptions",
        defaults={"encoder": encoder},
        needs=(start_weights(encoder),),
        recipe=recipe,
        saliency="input",
        behaviour=SDS_BEHAVIOUR,
        studies={"ablation": SDS_ABLATION},
        reproductions=f"iqabench_saliency_models.tables:{tables}",
        tiny={**TINY_ENCODER, "recipe.crop": (64, 64)},
        paper=SDS_PAPER,
    )


def _sgd(name: str, what: str, recipe: Recipe, options: dict[str, Any]) -> ModelCard:
    return ModelCard(
        name=name,
        summary=f"SGDNet: quality weighted by predicted saliency; {what}",
        kind="trainable",
        licence="Apache-2.0",
        factory="iqabench_saliency_models.sgdnet:SGDNet",
        options="iqabench_saliency_models.options:SGDOptions",
        defaults=options,
        needs=(start_weights(options.get("encoder", "resnet50")),),
        recipe=recipe,
        saliency="target",
        behaviour=SGD_BEHAVIOUR,
        studies={"ablation": SGD_ABLATION},
        tiny={
            **TINY_ENCODER,
            "channels": 32,
            "hidden": 32,
            "recipe.resize_short": None,
            "recipe.crop": (64, 80),
        },
        paper=SGD_PAPER,
    )


CARDS = (
    _sds(
        "sds-iqa",
        "two EfficientNet-Lite0; trains without a hub",
        "efficientnet-lite0",
        LITE_RECIPE,
        "tables",
    ),
    _sds("sds-iqa-resnet50", "two ResNet-50", "resnet50", SDS_RECIPE, "resnet50_tables"),
    _sgd("sgdnet", "ResNet-50", SGD_RECIPE, {}),
    _sgd(
        "sgdnet-lite",
        "EfficientNet-Lite0; trains without a hub",
        LITE_RECIPE.model_copy(update={"loss_weights": SGD_RECIPE.loss_weights}),
        {"encoder": "efficientnet-lite0"},
    ),
)
