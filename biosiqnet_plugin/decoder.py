"""Saliency decoder: steps of convolution, ReLU and nearest upsampling x2, up to the crop's size."""

from __future__ import annotations

from torch import Tensor, nn

WIDEST = 128
"""Most channels of a decoder's first convolution. Later ones have fewer, but at least 8, and the
last has 1."""


class SaliencyDecoder(nn.Module):
    """Turns a block's feature into a saliency map of the crop's size.

    In the paper the last step also ends in a ReLU. A ReLU can give an all-zero map, which cannot be
    scaled to a sum of one (0/0). Therefore the last step here ends in a sigmoid. The losses do not
    depend on a map's scale, so no gradient leads out of the flat parts of the sigmoid. Therefore
    ``start`` is added to the bias of the last convolution: training begins at strongly negative
    inputs, where a sigmoid is nearly an exponential and far from saturation.
    """

    def __init__(self, channels: int, stride: int, start: float) -> None:
        super().__init__()
        steps = stride.bit_length() - 1
        layers: list[nn.Module] = []
        for step in range(steps):
            last = step == steps - 1
            width = 1 if last else max(8, min(WIDEST, channels) >> step)
            convolution = nn.Conv2d(channels, width, 3, padding=1)
            if last and convolution.bias is not None:
                convolution.bias.data += start
            layers += [
                convolution,
                nn.Sigmoid() if last else nn.ReLU(),
                nn.Upsample(scale_factor=2, mode="nearest"),
            ]
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 1, stride * h, stride * w), positive."""
        found: Tensor = self.layers(feature)
        return found
