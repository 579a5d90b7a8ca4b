"""Weights of networks that no random kernel decides: each is drawn by its name.

So a parameter that is renamed is drawn anew, and its network computes other numbers. It does for a
user, too, whose weights fit no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import numpy as np
import torch
from torch import nn

DROPS = ("Dropout", "Dropout1d", "Dropout2d", "DropPath", "StochasticDepth", "MultiheadAttention")
"""Modules that draw random numbers while they train."""


def uniform(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Float32 numbers in [-1, 1), from PCG64's raw bits, seeded by the name."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    count = int(np.prod(shape))
    bits = np.random.PCG64(seed).random_raw((count + 1) // 2).view("<u4")[:count]
    found = torch.from_numpy((bits >> 9).astype(np.float32))  # 23 bits, which float32 keeps
    return found.div_(2**22).sub_(1).reshape(shape)


def weights(network: nn.Module, gain: float = 2.0) -> dict[str, torch.Tensor]:
    """Parameters and running statistics by name.

    Normalisations are near the identity. The weights of a layer reach to ``gain`` by the root of
    its inputs; with 2 it keeps about the size of what goes through it.
    """
    found = {}
    for prefix, module in network.named_modules():
        norm = "Norm" in type(module).__name__
        statistics = [
            (name, tensor)
            for name, tensor in module.named_buffers(recurse=False)
            if name.startswith("running_")
        ]
        for name, tensor in [*module.named_parameters(recurse=False), *statistics]:
            whole = f"{prefix}.{name}" if prefix else name
            shape = tuple(tensor.shape)
            if (norm and name == "weight") or name == "running_var" or not shape:
                start, reach = 1.0, 0.25
            else:
                fan = int(np.prod(shape[1:]))
                start, reach = 0.0, gain / fan**0.5 if len(shape) > 1 else 0.125
            found[whole] = uniform(whole, shape).mul_(reach).add_(start)
    return found


def fill(network: nn.Module, gain: float = 2.0) -> nn.Module:
    """The network with :func:`weights` in place of its own."""
    network.load_state_dict({**network.state_dict(), **weights(network, gain)})
    return network


def still(network: nn.Module) -> nn.Module:
    """The network in training mode, but for what draws random numbers."""
    network.train()
    for module in network.modules():
        if type(module).__name__ in DROPS:
            module.eval()
    return network


@contextmanager
def no_random_start() -> Iterator[None]:
    """Whatever a layer would draw for its start is NaN meanwhile, which costs no time."""

    def drawn(tensor: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        return tensor.fill_(torch.nan)

    def made(*size: int) -> torch.Tensor:
        return torch.full(size, torch.nan)

    with ExitStack() as stack:
        for name in ("normal_", "uniform_"):
            stack.enter_context(mock.patch.object(torch.Tensor, name, drawn))
        for name in ("rand", "randn"):
            stack.enter_context(mock.patch.object(torch, name, made))
        yield


def settings(network: nn.Module) -> dict[str, np.ndarray]:
    """What a network has beside random weights: sizes, rates, and values that parameters start at.

    Args:
        network: built where there is :func:`no_random_start`.
    """
    modules, parameters = list(network.modules()), list(network.parameters())
    starts = [round(float(one.detach().double().mean()), 6) for one in parameters]
    values, counts = np.unique([one for one in starts if one == one], return_counts=True)
    return {
        "parameters": np.array([sum(tensor.numel() for tensor in parameters)]),
        "trained": np.array([sum(tensor.requires_grad for tensor in parameters)]),
        "dropout": np.unique([one.p for one in modules if type(one) is nn.Dropout]),
        "momentum": np.unique([one.momentum for one in modules if isinstance(one, nn.BatchNorm2d)]),
        "epsilon": np.unique([one.eps for one in modules if hasattr(one, "eps")]),
        "starts": values,
        "starting": counts,
    }
