"""Models of the pyiqa library (PolyForm Noncommercial), an optional extra."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, Recipe, Stage, hookimpl

LICENCE = "PolyForm Noncommercial 1.0 (pyiqa)"

MANIQA = ModelCard(
    name="maniqa",
    summary="Multi-dimension attention network on ViT-B/8 features",
    kind="trainable",
    factory="iqabench_pyiqa.maniqa:Maniqa",
    options="iqabench_pyiqa.options:Options",
    recipe=Recipe(
        stages=(Stage(epochs=300, lr=1e-5, weight_decay=1e-5, schedule="cosine"),),
        batch_size=8,
        crop=(224, 224),
        test_crops=20,
        test_crop_kind="random",
        augment=("hflip",),
        patience=20,
    ),
    extra="pyiqa",
    requires="pyiqa",
    paper="Yang et al.: MANIQA (CVPR Workshops 2022)",
    licence=LICENCE,
)


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    register(MANIQA)
