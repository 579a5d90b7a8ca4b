"""Scores with a network whose batch normalisation is part of its convolutions.

In evaluation mode a batch normalisation multiplies each channel by a number and adds another. Put
into the weights of the convolution before it, it costs no time of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from iqabench.engine.compiling import compiled

CLOSE = 1e-4
"""Largest difference of a changed copy's scores, as a share of the scores' size (at least 1)."""
TRAILING = {"BatchNorm2d": (), "NormalisedReLU6": ("act",), "BatchNormAct2d": ("drop", "act")}
"""Classes that are folded -> what they do behind the normalisation; the last is timm's."""


def for_scoring(network: nn.Module, compile_it: bool) -> nn.Module:
    """A network in evaluation mode as it scores: compiled if asked, else folded."""
    return compiled(network) if compile_it else Folded(network)


class Folded(nn.Module):
    """A network that scores with folded convolutions from its first call on.

    The first call sees which normalisation follows which convolution, and compares the scores with
    and without folding. If they differ, or if nothing can be folded, the network stays as it is.
    Under autocast, which rounds weights at every call, the convolutions' weights are then rounded
    once, and a processor cuts to ReLU6's range by the bits. The network's weights and the precision
    must not change after that.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._ready = False

    def forward(self, *inputs: Tensor) -> Tensor:
        """As the network's own."""
        if not self._ready:
            first, device = [one[:1] for one in inputs], inputs[0].device.type
            with torch.autocast(device, enabled=False):
                self.network = _folded(self.network, first)
            if torch.is_autocast_enabled(device):
                self.network = _rounded(self.network, first, torch.get_autocast_dtype(device))
            self._ready = True
        found: Tensor = self.network(*inputs)
        return found


def _folded(network: nn.Module, inputs: list[Tensor]) -> nn.Module:
    """A folded copy; the network itself if there is no such."""
    if not any(type(module).__name__ in TRAILING for module in network.modules()):
        return network
    scores, pairs = _watched(network, inputs)
    if not pairs:
        return network
    names = {module: name for name, module in network.named_modules()}

    def fold(copy: nn.Module) -> None:
        for convolution, normalisation in pairs.items():
            _fold(copy, names[convolution], names[normalisation])

    parts = [module for pair in pairs.items() for module in pair]
    return _changed(network, parts, fold, inputs, scores)


def _rounded(network: nn.Module, inputs: list[Tensor], kind: torch.dtype) -> nn.Module:
    """A copy whose convolutions hold weights of this kind; the network if there is no such."""

    def convolutions(of: nn.Module) -> list[nn.Module]:
        return [module for module in of.modules() if isinstance(module, nn.Conv2d)]

    def round_them(copy: nn.Module) -> None:
        for convolution in convolutions(copy):
            convolution.to(kind)
        if kind == torch.bfloat16 and inputs[0].device.type == "cpu":
            _cut_by_bits(copy)

    own = convolutions(network)
    return _changed(network, own, round_them, inputs, network(*inputs)) if own else network


class ReLU6OfBits(nn.Module):
    """ReLU6 of bfloat16 in a third of the time: PyTorch turns each number into a float and back.

    Read as whole numbers, the bits of such numbers have the numbers' signs, and from 0 on their
    order. Only NaN differs, which comes out as 0 or 6.
    """

    SIX = 0x40C0
    """The bits of 6."""

    def forward(self, feature: Tensor) -> Tensor:
        """Any shape -> the same shape, in [0, 6]; the feature itself is changed."""
        if feature.dtype != torch.bfloat16:
            return nn.functional.relu6(feature, inplace=True)
        return feature.view(torch.int16).clamp_(0, self.SIX).view(torch.bfloat16)


def _cut_by_bits(network: nn.Module) -> None:
    """Put :class:`ReLU6OfBits` in the place of each ReLU6 that may change its input.

    Not where a weight is no finite number, which is to show in the scores.
    """
    places = [
        (parent, name)
        for parent in network.modules()
        for name, module in parent.named_children()
        if type(module) is nn.ReLU6 and module.inplace
    ]
    if places and _finite(network):
        for parent, name in places:
            setattr(parent, name, ReLU6OfBits())


def _finite(network: nn.Module) -> bool:
    """Whether no weight is NaN or infinite."""
    return all(
        bool(one.isfinite().all())
        for one in network.state_dict().values()
        if one.is_floating_point()
    )


def _changed(
    network: nn.Module,
    parts: list[nn.Module],
    change: Callable[[nn.Module], None],
    inputs: list[Tensor],
    scores: Any,
) -> nn.Module:
    """A changed copy with the same scores of the inputs, or the network itself.

    The copy shares all weights but those of ``parts``, which ``change`` may change.
    """
    own = {id(one) for module in parts for one in module.parameters()}
    try:
        found = sharing_weights(network, own)
        change(found)
        gap = (found(*inputs) - scores).abs().max()
    except Exception:  # whatever a part raises that cannot be copied or changed
        return network
    return found if gap <= CLOSE * scores.abs().max().clamp(min=1) else network


def sharing_weights(network: nn.Module, but: Collection[int] = ()) -> nn.Module:
    """A copy of a network that holds the same parameters, but for those with these ids.

    A network keeps what its hooks see, so that no two threads can use one.
    """
    shared = {id(one): one for one in network.parameters() if id(one) not in but}
    return deepcopy(network, shared)


def _watched(network: nn.Module, inputs: list[Tensor]) -> tuple[Any, dict[nn.Module, nn.Module]]:
    """The scores, and each convolution whose output went to one normalisation and no other."""
    made: dict[int, tuple[Tensor, nn.Module]] = {}
    followers: dict[nn.Module, set[nn.Module]] = {}
    sources: dict[nn.Module, set[nn.Module | None]] = {}

    def convolved(module: nn.Module, _: Any, output: Tensor) -> None:
        made[id(output)] = output, module  # a tensor that is kept keeps its id
        followers.setdefault(module, set())

    def normalised(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        source = made.get(id(given[0]), (None, None))[1]
        sources.setdefault(module, set()).add(source)
        if source is not None:
            followers[source].add(module)

    hooks: list[Any] = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(convolved))
        elif type(module).__name__ in TRAILING:
            hooks.append(module.register_forward_pre_hook(normalised))
    try:
        scores = network(*inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return scores, {
        source: next(iter(found))
        for source, found in followers.items()
        if len(found) == 1 and sources[next(iter(found))] == {source}
    }


def _fold(network: nn.Module, convolution: str, normalisation: str) -> None:
    """Put a normalisation into a convolution, in place; both are named by their paths."""
    outer: Any = network.get_submodule(convolution)
    inner: Any = network.get_submodule(normalisation)
    outer.weight, outer.bias = fuse_conv_bn_weights(
        outer.weight,
        outer.bias,
        inner.running_mean,
        inner.running_var,
        inner.eps,
        inner.weight,
        inner.bias,
    )
    parent, _, name = normalisation.rpartition(".")
    rest = nn.Sequential(*(getattr(inner, one) for one in TRAILING[type(inner).__name__]))
    rest._forward_hooks = inner._forward_hooks  # such as those by which an encoder shows its layers
    setattr(network.get_submodule(parent), name, rest)
