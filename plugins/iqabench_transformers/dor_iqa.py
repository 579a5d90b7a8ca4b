"""DOR-IQA: quality as ordered classes, read by a transformer from a CNN's features of four scales.

After Wang et al., "Deep ordinal regression framework for no-reference image quality assessment"
(IEEE Signal Processing Letters 30, 2023); what is our reading is in docs/transformers.md.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch
from iqabench.kit.encoders import encoder
from iqabench_transformers.options import DOROptions
from iqabench_transformers.ordinal import expectation, ordinal_loss
from iqabench_transformers.tokens import Positions, transformer

SCALES = 4
"""Blocks whose features are read, counted from the last."""
GRID = (7, 7)
"""Of a feature at stride 32 of crops of 224 x 224 pixels."""


class DORIQA(nn.Module):
    """The network; see :class:`DOROptions`."""

    takes_any_size = True

    def __init__(self, options: DOROptions) -> None:
        super().__init__()
        self.trunk = encoder(options.encoder, options.init)
        channels = sum(self.trunk.channels[-SCALES:])
        width = options.width or channels
        self.project = nn.Conv2d(channels, width, 1) if options.width else nn.Identity()
        self.positions = Positions(width, GRID)
        self.layers = transformer(
            width, options.layers, options.heads, options.feed_forward, options.dropout
        )
        self.head = nn.Sequential(
            nn.Linear(width, options.hidden),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            nn.Linear(options.hidden, options.bins - 1),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,) in [0, 1]."""
        return expectation(self._logits(images))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``ordinal``: cross-entropy of the thresholds that quality exceeds or not."""
        return {"ordinal": ordinal_loss(self._logits(batch.images), batch.quality)}

    def cam_layers(self) -> list[nn.Module]:
        """Where Grad-CAM looks: the encoder's last layer."""
        return [self.trunk.last_layer()]

    def _logits(self, images: Tensor) -> Tensor:
        feature = self.positions(self.project(self._features(images)))
        tokens = self.layers(feature.flatten(2).transpose(1, 2))
        found: Tensor = self.head(tokens.mean(1))
        return found

    def _features(self, images: Tensor) -> Tensor:
        """Features of all scales, each place of unit length, on the coarsest grid."""
        unit: list[Tensor] = []

        def note(number: int, feature: Tensor) -> Tensor:
            if number > self.trunk.last - SCALES:
                unit.append(functional.normalize(feature, dim=1))
            return feature

        height, width = self.trunk(images, note).shape[-2:]
        return torch.cat([functional.adaptive_avg_pool2d(one, (height, width)) for one in unit], 1)
