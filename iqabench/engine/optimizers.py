"""The optimiser, the schedule and the frozen parameters of a training stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from iqabench.contract.cards import Stage


def make_optimizer(model: nn.Module, stage: Stage) -> torch.optim.Optimizer:
    """The optimiser of a stage, with the model's own parameter groups if it has any."""
    named = getattr(model, "parameter_groups", None)
    groups: Mapping[str, list[nn.Parameter]] = (
        named(stage) if callable(named) else {"all": list(model.parameters())}
    )
    parameters: list[dict[str, Any]] = [
        {"params": list(group), "lr": stage.lr * stage.lr_groups.get(name, 1.0)}
        for name, group in groups.items()
        if group
    ]
    # One kernel for all parameters. On the CPU it would round otherwise than results made before.
    fused = all(one.device.type == "cuda" for group in parameters for one in group["params"])
    if stage.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=stage.lr,
            momentum=stage.momentum,
            weight_decay=stage.weight_decay,
            fused=fused or None,
        )
    kind = torch.optim.AdamW if stage.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=stage.lr, weight_decay=stage.weight_decay, fused=fused or None)


def make_schedule(optimizer: torch.optim.Optimizer, stage: Stage) -> Any:
    """The learning-rate schedule of a stage, stepped after every epoch; None if it is constant."""
    if stage.schedule == "step":
        return torch.optim.lr_scheduler.StepLR(optimizer, stage.step_size, stage.gamma)
    if stage.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, stage.epochs)
    return None


@contextmanager
def frozen(model: nn.Module, prefixes: tuple[str, ...]) -> Iterator[None]:
    """Freeze the parameters whose names begin with one of the prefixes, until the context ends.

    Parameters that the model froze itself stay frozen.
    """
    chosen = [
        parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and name.startswith(prefixes)
    ]
    for parameter in chosen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in chosen:
            parameter.requires_grad_(True)
