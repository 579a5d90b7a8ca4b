"""Saliency decoder: as many steps of convolution, ReLU and nearest x2 as the stride needs."""

from __future__ import annotations

from torch import Tensor, nn

WIDEST = 128
"""Channels of a decoder's first convolution, at most; each step halves them."""


class SaliencyDecoder(nn.Module):
    """From a block's feature to a map of the crop's size.

    The paper's last step, too, ends in a ReLU; an all-zero map then gives 0/0 in the losses, so a
    sigmoid takes its place. The losses do not see a map's scale, so nothing draws its inputs back
    from where it is flat; ``start`` is added to them, to begin far to the left, where a sigmoid is
    an exponential and has room.
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
