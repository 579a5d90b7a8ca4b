"""What the recipes of several networks share."""

from __future__ import annotations

from iqabench.contract.cards import Recipe, Stage

IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
"""What most encoders were trained with."""
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
"""What EfficientNet-Lite0 and timm's ViTs were trained with."""

LITE_RECIPE = Recipe(
    stages=(Stage(epochs=5, optimizer="adamw", lr=1e-3, weight_decay=0.1, average=0.4),),
    batch_size=8,
    crop=(224, 224),
    test_crops=5,
    augment=("hflip",),
    select="last",
    **HALF,
)
"""For EfficientNet-Lite0; chosen for biosiqnet-lite on validation contents of the demo set."""
TINY = {"recipe.epochs": 1, "recipe.test_crops": 1}
"""Of every card's ``tiny``."""
