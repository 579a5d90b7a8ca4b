"""Adds up the losses of an epoch on the device, without waiting for it at every step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from iqabench.contract.errors import ScoreError


class Sums:
    """Sums of the named losses over the pictures of an epoch, and the first that is not finite."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._sound: Tensor | None = None
        self._worst: dict[str, Tensor] = {}

    def add(self, losses: Mapping[str, Tensor], total: Tensor, pictures: int) -> None:
        """Add the losses of a step, each the mean over so many pictures; ``total`` is their sum.

        Once a total was not finite, the losses of that step are kept for :meth:`check`.
        """
        precise = torch.float32 if total.device.type == "mps" else torch.float64
        values = {name: loss.detach().to(precise) for name, loss in losses.items()}
        for name, value in values.items():
            summed = self._sums.get(name)
            added = value * pictures
            self._sums[name] = added if summed is None else summed + added
        if self._sound is None:
            self._sound = torch.ones((), dtype=torch.bool, device=total.device)
        zero = torch.zeros((), dtype=precise, device=total.device)
        for name, value in values.items():
            kept = self._worst.get(name, zero)
            self._worst[name] = torch.where(self._sound, value, kept)
        self._sound = self._sound & torch.isfinite(total.detach())

    def check(self, epoch: int) -> None:
        """Wait for the device and look whether all totals so far were finite.

        Raises:
            ScoreError: one was not; the message names the epoch and the losses of that step.
        """
        if self._sound is None or bool(self._sound):
            return
        told = ", ".join(f"{name} {float(value):.3g}" for name, value in self._worst.items())
        raise ScoreError(
            f"the loss is not finite in epoch {epoch}: {told}", "try a smaller learning rate"
        )

    def means(self, pictures: int) -> dict[str, float]:
        """Each sum divided by a number of pictures."""
        return {name: float(value) / pictures for name, value in self._sums.items()}
