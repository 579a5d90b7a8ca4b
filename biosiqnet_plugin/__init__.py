"""BioSIQNet: image quality learnt together with low and high saliency (Wang et al., TNNLS 2025)."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, Recipe, Stage, hookimpl

PAPER = (
    "Wang et al.: A bioinspired deep learning framework for saliency-based image quality "
    "assessment (IEEE TNNLS 2025, doi 10.1109/TNNLS.2025.3598716)"
)

LITE_RECIPE = Recipe(
    stages=(Stage(epochs=6, lr=5e-4, schedule="cosine"),),
    batch_size=8,
    crop=(224, 224),
    test_crops=5,
    augment=("hflip",),
    mean=(0.5, 0.5, 0.5),
    std=(0.5, 0.5, 0.5),
)

LITE = ModelCard(
    name="biosiqnet-lite",
    summary="BioSIQNet on one shared EfficientNet-Lite0 trunk; trains without a hub",
    kind="trainable",
    factory="biosiqnet_plugin.model:BioSIQNet",
    options="biosiqnet_plugin.options:Options",
    recipe=LITE_RECIPE,
    saliency="target",
    tiny={"recipe.epochs": 1, "recipe.crop": (64, 64), "recipe.test_crops": 1},
    paper=PAPER,
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    register(LITE)
