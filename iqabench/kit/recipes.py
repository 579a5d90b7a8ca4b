"""Values that the recipes of several networks share."""

from __future__ import annotations

from iqabench.contract.cards import Recipe, Stage

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""The normalisation with which most encoders were trained."""
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
"""The normalisation with which EfficientNet-Lite0 and timm's ViTs were trained."""

LITE_RECIPE = Recipe(
    stages=(Stage(epochs=5, optimizer="adamw", lr=1e-3, weight_decay=0.1, average=0.4),),
    batch_size=8,
    crop=(224, 224),
    test_crops=5,
    augment=("hflip",),
    select="last",
    **HALF,
)
"""For networks with EfficientNet-Lite0. It was chosen on validation contents of the demo set, for
biosiqnet-lite, which has another since."""
TINY = {"recipe.epochs": 1, "recipe.test_crops": 1}
"""Entries that every card's ``tiny`` holds."""
