"""The cards of pyiqa's networks that iqabench trains, each with its authors' recipe.

docs/pyiqa.md gives the sources, and the parts of the authors' code that are not repeated.
"""

from __future__ import annotations

from typing import Any

from iqabench.contract import ModelCard, Recipe, Stage, WeightsCard
from iqabench.kit.start_weights import start_weights

from .files import LICENCE, RESNET50, SCNN, VGG16, file, hosted

TINY = {"recipe.epochs": 1, "recipe.batch_size": 4, "recipe.train_crops": 1, "recipe.test_crops": 1}
"""Options for a very short training."""
BEHAVIOUR = 1
"""Raise this when our code around pyiqa's networks computes other numbers; tests/golden holds the
present numbers."""
START = {"init": "random"}
"""Further options for a very short training, for networks that usually start from ImageNet
weights."""


def _card(
    name: str,
    summary: str,
    factory: str,
    recipe: Recipe,
    published: WeightsCard,
    paper: str,
    tiny: dict[str, Any],
    options: str | None = None,
    fixed_crop: bool = False,
    needs: tuple[WeightsCard, ...] = (),
) -> ModelCard:
    return ModelCard(
        name=name,
        summary=summary,
        kind="trainable",
        direction="higher",
        factory=f"iqabench_pyiqa.{factory}",
        options=f"iqabench_pyiqa.options:{options}" if options else None,
        recipe=recipe,
        fixed_crop=fixed_crop,
        behaviour=BEHAVIOUR,
        weights=(published,),
        needs=needs,
        tiny={**TINY, **tiny},
        extra="pyiqa",
        requires="pyiqa",
        paper=paper,
        licence=LICENCE,
    )


MANIQA = _card(
    "maniqa",
    "Multi-dimension attention network on ViT-B/8 features",
    "maniqa:Maniqa",
    Recipe(
        stages=(Stage(epochs=300, lr=1e-5, weight_decay=1e-5, schedule="cosine"),),
        batch_size=8,
        crop=(224, 224),
        test_crops=20,
        test_crop_kind="random",
        augment=("hflip",),
        patience=20,
    ),
    hosted("ckpt_koniq10k.pt", "koniq"),
    "Yang et al.: MANIQA (CVPR Workshops 2022)",
    {**START, "width": 48, "image_size": 64, "recipe.crop": (64, 64)},
    "Options",
    fixed_crop=True,
    needs=(start_weights("vit_base_patch8_224"),),
)
DBCNN = _card(
    "dbcnn",
    "Bilinear pooling of VGG16 and of a network that knows synthetic distortions",
    "dbcnn:Dbcnn",
    Recipe(
        stages=(
            Stage(
                epochs=50,
                optimizer="sgd",
                lr=1e-3,
                weight_decay=5e-4,
                freeze=("net.features1.", "net.features2."),
            ),
            Stage(epochs=50, lr=1e-5, weight_decay=5e-4),
        ),
        batch_size=8,
        crop=(384, 384),
        test_crop_kind="whole",
        augment=("hflip",),
    ),
    hosted("DBCNN_KonIQ10k-2de81c0a.pth", "koniq"),
    "Zhang et al.: Blind image quality assessment using a deep bilinear convolutional neural "
    "network (IEEE TCSVT 2020)",
    {**START, "recipe.crop": (64, 64), "recipe.test_crop_kind": "grid"},
    "Started",
    needs=(SCNN, file(VGG16, "imagenet-1k")),
)
HYPERIQA = _card(
    "hyperiqa",
    "A network on ResNet-50 writes the weights of the network that scores",
    "hyperiqa:Hyperiqa",
    Recipe(
        stages=(
            Stage(
                epochs=16,
                lr=2e-5,
                lr_groups={"hyper": 10},
                weight_decay=5e-4,
                schedule="step",
                step_size=6,
            ),
        ),
        batch_size=96,
        crop=(224, 224),
        train_crops=25,
        test_crops=25,
        test_crop_kind="random",
        augment=("hflip",),
    ),
    hosted("HyperIQA-resnet50-koniq10k-c96c41b1.pth", "koniq"),
    "Su et al.: Blindly assess image quality in the wild guided by a self-adaptive hyper network "
    "(CVPR 2020)",
    {**START, "backbone": "resnet14t"},
    "HyperOptions",
    fixed_crop=True,
    needs=(file(RESNET50, "imagenet-1k"),),
)
TRES = _card(
    "tres",
    "Transformer on ResNet-50 features, with relative ranking and self-consistency",
    "tres:Tres",
    Recipe(
        stages=(Stage(epochs=3, lr=2e-5, weight_decay=5e-4, schedule="step", step_size=1),),
        batch_size=53,
        crop=(224, 224),
        train_crops=50,
        test_crops=50,
        test_crop_kind="random",
        augment=("hflip", "vflip"),
        loss_weights={"ranking": 0.05, "ranking_consistency": 0.5},
    ),
    hosted("tres_koniq-f0502926.pth", "koniq"),
    "Golestaneh, Dadsetan, Kitani: No-reference image quality assessment via transformers, "
    "relative ranking, and self-consistency (WACV 2022)",
    {**START, "backbone": "resnet18"},
    "TresOptions",
    fixed_crop=True,
    needs=(file(RESNET50, "imagenet-1k"),),
)
CNNIQA = _card(
    "cnniqa",
    "One convolution, maximum and minimum pooling, two layers; 32 x 32 patches",
    "patches:Cnniqa",
    Recipe(
        stages=(Stage(epochs=500, lr=1e-3),),
        batch_size=128,
        crop=(32, 32),
        train_crops=192,
        test_crops=192,
        augment=(),
        patience=20,
    ),
    hosted("CNNIQA_koniq10k-e6f14c91.pth", "koniq"),
    "Kang et al.: Convolutional neural networks for no-reference image quality assessment "
    "(CVPR 2014)",
    {},
)
WADIQAM = _card(
    "wadiqam",
    "Weighted mean over 32 x 32 patches, no reference",
    "patches:Wadiqam",
    Recipe(
        stages=(Stage(epochs=3000, lr=1e-4, schedule="step", step_size=100, gamma=0.8),),
        batch_size=4,
        crop=(128, 256),
        test_crop_kind="whole",
        augment=(),
        patience=100,
    ),
    hosted("WaDIQaM-NR-koniq-aaffea29.pth", "koniq"),
    "Bosse et al.: Deep neural networks for no-reference and full-reference image quality "
    "assessment (IEEE TIP 2018)",
    {"recipe.crop": (64, 64)},
)
TRAINABLE = (MANIQA, DBCNN, HYPERIQA, TRES, CNNIQA, WADIQAM)
