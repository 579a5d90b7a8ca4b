"""Saliency decoder: as many steps of convolution, ReLU and nearest x2 as the stride needs."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Activation = Literal["sigmoid", "softplus"]
LAST: dict[Activation, type[nn.Module]] = {"softplus": nn.Softplus, "sigmoid": nn.Sigmoid}
WIDEST = 128
"""Channels of a decoder's first convolution, at most; each step halves them."""


class SaliencyDecoder(nn.Module):
    """From a block's feature to a map of the crop's size.

    The paper's last step, too, ends in a ReLU; an all-zero map then gives 0/0 in the losses, so
    another function takes its place: a sigmoid, or softplus. The losses do not see a map's scale,
    so nothing holds a sigmoid's inputs back from where it is flat; softplus has no such end.
    """

    def __init__(self, channels: int, stride: int, activation: Activation) -> None:
        super().__init__()
        steps = stride.bit_length() - 1
        layers: list[nn.Module] = []
        for step in range(steps):
            last = step == steps - 1
            width = 1 if last else max(8, min(WIDEST, channels) >> step)
            layers += [
                nn.Conv2d(channels, width, 3, padding=1),
                LAST[activation]() if last else nn.ReLU(),
                nn.Upsample(scale_factor=2, mode="nearest"),
            ]
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, stride * h, stride * w), positive."""
        found: Tensor = self.layers(feature)
        return found
