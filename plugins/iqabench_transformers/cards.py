"""The cards of TIQA and DOR-IQA."""

from __future__ import annotations

from typing import Any

from iqabench.contract import ModelCard, Recipe, Stage
from iqabench.kit.recipes import IMAGENET, LITE_RECIPE, TINY
from iqabench.kit.start_weights import start_weights

TIQA_PAPER = "You, Korhonen: Transformer for image quality assessment (ICIP 2021)"
DOR_PAPER = (
    "Wang et al.: Deep ordinal regression framework for no-reference image quality assessment "
    "(IEEE Signal Processing Letters 30, 2023)"
)

TIQA_RECIPE = Recipe(
    stages=tuple(Stage(epochs=120, lr=lr, schedule="cosine") for lr in (5e-5, 1e-6)),
    batch_size=8,
    resize_short=384,
    crop=(384, 512),
    augment=("hflip",),
    patience=40,
    **IMAGENET,
)
"""The recipe of the authors' code, as far as our recipes can express it; see docs/transformers.md.
"""
DOR_RECIPE = Recipe(
    stages=(Stage(epochs=50, lr=2e-5, weight_decay=5e-4, schedule="cosine"),),
    batch_size=8,
    crop=(224, 224),
    test_crops=5,
    augment=("hflip",),
    patience=10,
    **IMAGENET,
)
"""Our own recipe, without tuning, because the paper's recipe is not public."""
BEHAVIOURS = {"tiqa": 1, "dor-iqa": 1}
"""Raise these when the networks compute other numbers; tests/golden holds the present numbers."""
LITE = {"encoder": "efficientnet-lite0"}


def _card(
    name: str,
    summary: str,
    network: str,
    recipe: Recipe,
    options: dict[str, Any],
    tiny: dict[str, Any],
) -> ModelCard:
    factory, model, paper = {
        "tiqa": ("tiqa:TIQA", "TIQAOptions", TIQA_PAPER),
        "dor-iqa": ("dor_iqa:DORIQA", "DOROptions", DOR_PAPER),
    }[network]
    return ModelCard(
        name=name,
        summary=summary,
        kind="trainable",
        licence="Apache-2.0",
        factory=f"iqabench_transformers.{factory}",
        options=f"iqabench_transformers.options:{model}",
        behaviour=BEHAVIOURS[network],
        defaults=options,
        needs=(start_weights(options.get("encoder", "resnet50")),),
        recipe=recipe,
        tiny={
            **TINY,
            "encoder": "test_resnet",
            "recipe.resize_short": None,
            "recipe.crop": (64, 80),
            **tiny,
        },
        paper=paper,
    )


TIQA = "TIQA: shallow transformer on a CNN's last feature"
DOR = "DOR-IQA: ordinal regression by a transformer on features of four scales, after the paper"
TINY_DOR = {"width": 32, "heads": 4, "feed_forward": 64}
CARDS = (
    _card("tiqa", f"{TIQA}; ResNet-50", "tiqa", TIQA_RECIPE, {}, {}),
    _card(
        "tiqa-lite",
        f"{TIQA}; EfficientNet-Lite0, trains without a hub",
        "tiqa",
        LITE_RECIPE,
        LITE,
        {},
    ),
    _card("dor-iqa", f"{DOR}; ResNet-50", "dor-iqa", DOR_RECIPE, {}, TINY_DOR),
    _card(
        "dor-iqa-lite",
        f"{DOR}; EfficientNet-Lite0, trains without a hub",
        "dor-iqa",
        LITE_RECIPE,
        {**LITE, "width": 256, "heads": 8, "feed_forward": 512},
        TINY_DOR,
    ),
)
