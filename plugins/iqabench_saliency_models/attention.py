"""Attention over places and over channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

KERNEL = 7
"""Side of the window in which a place's attention is decided, as in CBAM."""


class SpatialAttention(nn.Module):
    """How much each place matters, from the mean and the maximum over channels.

    Woo et al., "CBAM: Convolutional block attention module" (ECCV 2018), with a bias in place of
    batch normalisation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, KERNEL, padding=KERNEL // 2)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, h, w) in [0, 1]."""
        summary = torch.cat([feature.mean(1, keepdim=True), feature.amax(1, keepdim=True)], 1)
        found: Tensor = self.convolution(summary).sigmoid()
        return found


class ChannelGate(nn.Module):
    """How much each channel matters, from all of them: squeeze and excitation.

    Hu et al., "Squeeze-and-excitation networks" (CVPR 2018).
    """

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        width = max(1, channels // reduction)
        self.layers = nn.Sequential(
            nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, channels), nn.Sigmoid()
        )

    def forward(self, pooled: Tensor) -> Tensor:
        """Channels' means, (B, C), -> (B, C) in [0, 1]."""
        found: Tensor = self.layers(pooled)
        return found
