"""Maps that do not look at the picture."""

from __future__ import annotations

import torch
from torch import Tensor

from iqabench.kit.saliency import peak_at_one
from iqabench_saliency.options import CenterOptions


class Center:
    """A Gaussian at the centre."""

    def __init__(self, options: CenterOptions) -> None:
        self.sigma = options.sigma

    def saliency(self, images: Tensor) -> Tensor:
        """The same map for all, (B, 3, H, W) -> (B, 1, H, W), maximum 1."""
        rows, columns = (self._profile(side, images) for side in images.shape[-2:])
        one = peak_at_one((rows[:, None] * columns)[None, None])
        return one.expand(len(images), -1, -1, -1)

    def _profile(self, side: int, like: Tensor) -> Tensor:
        """The Gaussian along a side of that many pixels."""
        place = (torch.arange(side, device=like.device) + 0.5) / side - 0.5
        return torch.exp(-((place / self.sigma) ** 2) / 2)


class Uniform:
    """The same everywhere."""

    def saliency(self, images: Tensor) -> Tensor:
        """Ones, (B, 3, H, W) -> (B, 1, H, W)."""
        return torch.ones_like(images[:, :1])
