"""Scores with a network whose batch normalisation is part of its convolutions.

In evaluation mode a batch normalisation multiplies each channel by a number and adds another. Put
into the weights of the convolution before it, it costs no time of its own.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from iqabench.engine.compiling import compiled

CLOSE = 1e-4
"""Largest difference of a folded network's scores, as a share of the scores' size (at least 1)."""
TRAILING = {"BatchNorm2d": (), "BatchNormAct2d": ("drop", "act")}
"""Classes that are folded -> what they do behind the normalisation; the second is timm's."""


def for_scoring(network: nn.Module, compile_it: bool) -> nn.Module:
    """A network in evaluation mode as it scores: compiled if asked, else folded."""
    return compiled(network) if compile_it else Folded(network)


class Folded(nn.Module):
    """A network that scores with folded convolutions from its first call on.

    The first call sees which normalisation follows which convolution, and compares the scores with
    and without folding. If they differ, or if nothing can be folded, the network stays as it is.
    The network's weights must not change after that.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._ready = False

    def forward(self, *inputs: Tensor) -> Tensor:
        """As the network's own."""
        if not self._ready:
            with torch.autocast(inputs[0].device.type, enabled=False):
                self.network = _folded(self.network, [one[:1] for one in inputs])
            self._ready = True
        found: Tensor = self.network(*inputs)
        return found


def _folded(network: nn.Module, inputs: list[Tensor]) -> nn.Module:
    """A folded copy, which shares all other weights; the network itself if there is no such."""
    if not any(type(module).__name__ in TRAILING for module in network.modules()):
        return network
    scores, pairs = _watched(network, inputs)
    if not pairs or not isinstance(scores, Tensor):
        return network
    changed = {id(one) for pair in pairs.items() for module in pair for one in module.parameters()}
    shared = {id(one): one for one in network.parameters() if id(one) not in changed}
    names = {module: name for name, module in network.named_modules()}
    try:
        found = deepcopy(network, shared)
        for convolution, normalisation in pairs.items():
            _fold(found, names[convolution], names[normalisation])
        gap = (found(*inputs) - scores).abs().max()
    except Exception:  # whatever a part raises that cannot be copied, or misses its normalisation
        return network
    return found if gap <= CLOSE * scores.abs().max().clamp(min=1) else network


def _watched(network: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, dict[nn.Module, nn.Module]]:
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
