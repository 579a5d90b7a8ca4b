"""The model cards of BioSIQNet: for each encoder the model and the variants of the ablation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from biosiqnet_plugin.shipped import SHIPPED
from iqabench.contract import ModelCard, Recipe, Stage
from iqabench.kit.recipes import HALF, IMAGENET, LITE_RECIPE, TINY
from iqabench.kit.start_weights import start_weights

PAPER = (
    "Wang et al.: A bioinspired deep learning framework for saliency-based image quality "
    "assessment (IEEE TNNLS 2025, doi 10.1109/TNNLS.2025.3598716)"
)

BEHAVIOUR = 1
"""Raise this when the models compute other numbers; tests/golden holds the present numbers."""
PAPER_STAGE = Stage(epochs=50, optimizer="adam", lr=5e-5, schedule="step", step_size=10, gamma=0.1)
"""Section IV-A. The section does not name the optimiser; we assume Adam."""

VIT_RECIPE = Recipe(
    stages=(PAPER_STAGE,),
    batch_size=4,
    crop=(224, 224),
    test_crops=20,
    test_crop_kind="random",
    augment=("hflip", "vflip", "rot90", "shift"),
    patience=5,
    **HALF,
)
CNN_RECIPE = Recipe(
    stages=(PAPER_STAGE,),
    batch_size=4,
    crop=(288, 384),
    test_crops=5,
    augment=("hflip", "vflip", "rot90", "shift"),
    patience=5,
    **IMAGENET,
)
RIDGE_FIRST = LITE_RECIPE.model_copy(
    update={
        "stages": (
            Stage(
                epochs=2,
                optimizer="adamw",
                lr=1e-4,
                lr_groups={"branches": 10.0},
                weight_decay=0.1,
                average=0.4,
                freeze=tuple(
                    f"trunk.net.{part}" for part in ("conv_stem", "bn1", "blocks.0", "blocks.1")
                ),
                freeze_statistics=True,
            ),
        ),
        "max_pixels": 2**19,
        "test_crops": 1,
        "test_crop_kind": "whole",
        "loss_weights": {"quality": 50.0},
    }
)
"""Training starts from a ridge regression on the trunk's features and moves them a little. It was
chosen on people's scores: see "Does saliency help?" in docs/results/biq2021.md. A camera's 12 or 24
megapixels at once would take gigabytes, and seconds for each picture. Labels are scaled to [0, 1].
An L2 loss of .02 on that scale has no weight beside saliency losses of a few units, so quality gets
a larger weight. The paper does not say the units of its labels."""
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "v1": ("quality alone", {"low_block": None, "high_block": None}),
    "v2": ("with low saliency", {"high_block": None}),
    "v3": ("with high saliency", {"low_block": None}),
    "v4": ("with entire saliency", {"low_block": None, "high_target": "entire"}),
    "v5": ("with low and high saliency", {}),
}
"""Table I. v5 is the model itself."""

ENHANCED = {"low_block": 1, "high_block": 2}
"""As the text of Section III-A can be read: Decoder_1 and Decoder_2 decode the features that low
and high saliency have enhanced."""
THRESHOLDS = range(70, 151, 10)
"""Fig. 5."""
LOSS_WEIGHTS = ((5, -2, -1), (5, -1, -1), (5, -2, -2), (5, 0, 0), (1, -2, -1), (10, -2, -1))
"""Weights of KLD, CC and SIM: those of the paper's settings, the "final" ones of its grid search,
and some near them."""
BACKBONES = {
    "lite": {"encoder": "efficientnet-lite0"},
    "resnet18": {"encoder": "resnet18"},
    "resnet50": {"encoder": "resnet50"},
    "vgg19": {"encoder": "vgg19"},
}


def studies(blocks: int) -> dict[str, dict[str, dict[str, Any]]]:
    """The studies of Tables I, II and VII, of Fig. 5 and of the loss weights, for a trunk.

    ``blocks`` is the number of the trunk's blocks. A trunk of three blocks or fewer has no study of
    backbones (Table VII).
    """
    every = range(1, min(blocks, 4) + 1)
    found: dict[str, dict[str, dict[str, Any]]] = {
        "ablation": {name: changes for name, (_, changes) in VARIANTS.items()},
        "placement": {
            f"low{low}-high{high}": {"low_block": low, "high_block": high}
            for low in every
            for high in every
        },
        "threshold": {f"t{value}": {"threshold": value} for value in THRESHOLDS},
        "loss-weights": {
            f"kld{k}cc{c}sim{s}": {"kld_weight": k, "cc_weight": c, "sim_weight": s}
            for k, c, s in LOSS_WEIGHTS
        },
    }
    if blocks > 3:
        found["backbone"] = {name: dict(options) for name, options in BACKBONES.items()}
    return found


ENCODERS: dict[str, tuple[str, Recipe, dict[str, Any], dict[str, Any]]] = {
    "biosiqnet": (
        "ViT-B/8, shared, transformer form",
        VIT_RECIPE,
        {"encoder": "vit_base_patch8_224", "low_block": 2, "high_block": 3},
        {"encoder": "test_vit", "image_size": 96, "recipe.crop": (96, 96)},
    ),
    "biosiqnet-vgg19": (
        "three VGG19 encoders, convolutional form",
        CNN_RECIPE,
        {"encoder": "vgg19", "sharing": "separate"},
        {"encoder": "test_resnet", "sharing": "separate", "recipe.crop": (96, 128)},
    ),
    "biosiqnet-resnet50": (
        "three ResNet-50 encoders, convolutional form",
        CNN_RECIPE,
        {"encoder": "resnet50", "sharing": "separate"},
        {"encoder": "test_resnet", "sharing": "separate", "recipe.crop": (96, 128)},
    ),
    "biosiqnet-lite": (
        "EfficientNet-Lite0, shared; trains without a hub",
        RIDGE_FIRST,
        {
            "encoder": "efficientnet-lite0",
            "head": "statistics",
            "fusion_start": 0,
            "map_start": 0,
            "dropout": 0.5,
        },
        {"recipe.crop": (64, 64)},
    ),
}
"""Name of the model -> description, recipe, options, and options for tiny runs."""

PUBLISHED = {"biosiqnet-lite": (SHIPPED,)}


def cards() -> Iterator[ModelCard]:
    """All model cards of BioSIQNet."""
    for name, (what, recipe, options, tiny) in ENCODERS.items():
        blocks = 3 if name == "biosiqnet" else 5
        yield _card(name, what, recipe, options, tiny).model_copy(
            update={"studies": studies(blocks), "weights": PUBLISHED.get(name, ())}
        )
        for variant, (with_what, changes) in VARIANTS.items():
            yield _card(
                f"{name}-{variant}", f"{what}; {with_what}", recipe, {**options, **changes}, tiny
            ).model_copy(update={"variant_of": name, "saliency": _use_of_maps(changes)})
    what, recipe, options, tiny = ENCODERS["biosiqnet"]
    yield _card(
        "biosiqnet-enhanced",
        f"{what}; both decoders decode enhanced features",
        recipe,
        {**options, **ENHANCED},
        tiny,
    ).model_copy(update={"variant_of": "biosiqnet"})


def _use_of_maps(changes: dict[str, Any]) -> Literal["none", "target"]:
    """A variant without a branch learns from no maps, which then need not be made."""
    branches = ("low_block", "high_block")
    return "none" if all(changes.get(name, 0) is None for name in branches) else "target"


def _card(
    name: str, what: str, recipe: Recipe, options: dict[str, Any], tiny: dict[str, Any]
) -> ModelCard:
    return ModelCard(
        name=name,
        summary=f"BioSIQNet: {what}",
        kind="trainable",
        licence="Apache-2.0",
        factory="biosiqnet_plugin.model:BioSIQNet",
        options="biosiqnet_plugin.options:Options",
        defaults=options,
        needs=(start_weights(options["encoder"]),),
        recipe=recipe,
        fixed_crop=recipe is VIT_RECIPE,
        direction="higher",
        saliency="target",
        behaviour=BEHAVIOUR,
        reproductions="biosiqnet_plugin.tables:tables",
        tiny={**TINY, **tiny},
        paper=PAPER,
    )
