"""TIQA: a shallow transformer on a CNN's last feature, after You and Korhonen (ICIP 2021).

Sizes as in the authors' code, which calls it TRIQ; what differs is in docs/transformers.md.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch
from iqabench.kit.encoders import encoder
from iqabench.kit.heads import score_layer
from iqabench_transformers.options import TIQAOptions
from iqabench_transformers.tokens import START, Positions, transformer

GRID = (12, 16)
"""Of a feature at stride 32 of pictures of 384 x 512 pixels."""
TALL = 16
"""Rows from which a feature is halved before it is read."""


class TIQA(nn.Module):
    """The network; see :class:`TIQAOptions`."""

    takes_any_size = True

    def __init__(self, options: TIQAOptions) -> None:
        super().__init__()
        self.trunk = encoder(options.encoder, options.init)
        channels = self.trunk.channels[-1]
        width = options.width or channels
        self.project = nn.Conv2d(channels, width, 1) if options.width else nn.Identity()
        self.positions = Positions(width, GRID)
        self.quality = nn.Parameter(START * torch.randn(1, 1, width))
        self.dropout = nn.Dropout(options.dropout)
        self.layers = transformer(
            width, options.layers, options.heads, options.feed_forward, options.dropout
        )
        self.head = nn.Sequential(
            nn.Linear(width, options.hidden),
            nn.GELU(),
            nn.Dropout(options.dropout),
            score_layer(options.hidden),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,)."""
        feature = self.project(self.trunk(images))
        if feature.shape[-2] >= TALL:
            feature = functional.max_pool2d(feature, 2, ceil_mode=True)
        tokens = self.positions(feature).flatten(2).transpose(1, 2)
        quality = self.quality.expand(len(tokens), -1, -1)
        read = self.layers(self.dropout(torch.cat([quality, tokens], 1)))
        scores: Tensor = self.head(read[:, 0])
        return scores.squeeze(1)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality``: mean squared error."""
        return {"quality": functional.mse_loss(self(batch.images).float(), batch.quality)}

    def cam_layers(self) -> list[nn.Module]:
        """Where Grad-CAM looks: the encoder's last layer."""
        return [self.trunk.last_layer()]
