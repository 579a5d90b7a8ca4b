"""SDS-IQA, after Shi et al.: a stream that sees the picture, guided by one that sees its saliency.

At each scale, spatial attention computed in the saliency stream weighs the places of both streams'
features, and what is weighed goes on. The streams' features of all scales are pooled, their
channels gated, and read by one head. The paper (Journal of Tianjin University 58(2), 2025) leaves
most of the form open; docs/saliency-models.md says what is our reading.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import Batch
from iqabench.kit.encoders import Encoder, encoder
from iqabench.kit.heads import score_layer
from iqabench_saliency_models.attention import ChannelGate, SpatialAttention
from iqabench_saliency_models.options import SDSOptions

SCALES = 4
"""Blocks after which attention and fusion act, counted from the last."""
REDUCTION = 16
"""Channels to one hidden unit of a gate."""


class SDSIQA(nn.Module):
    """The network, or one with parts left out; see :class:`SDSOptions`."""

    takes_any_size = True

    def __init__(self, options: SDSOptions) -> None:
        super().__init__()
        names = ("saliency", "image") if options.streams == "both" else (options.streams,)
        self.streams = nn.ModuleDict(
            {name: encoder(options.encoder, options.init) for name in names}
        )
        one = self._stream(names[0])
        first = max(1, one.last - SCALES + 1) if options.multiscale else one.last
        self.scales = range(first, one.last + 1)
        self.strides = one.strides
        guided = options.spatial_attention and "saliency" in names
        self.attention = nn.ModuleDict(
            {str(scale): SpatialAttention() for scale in self.scales if guided}
        )
        widths = {scale: len(names) * one.channels[scale - 1] for scale in self.scales}
        self.gates = nn.ModuleDict(
            {
                str(scale): ChannelGate(width, REDUCTION)
                for scale, width in widths.items()
                if options.channel_gate
            }
        )
        self.head = nn.Sequential(
            nn.Dropout(options.dropout),
            nn.Linear(sum(widths.values()), options.hidden),
            nn.ReLU(),
            nn.Dropout(options.dropout),
            score_layer(options.hidden),
        )

    def forward(self, images: Tensor, saliency: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) and (B, 1, h, w) in [0, 1] -> (B,)."""
        pooled, _ = self._run(images, saliency)
        parts = [
            features * self.gates[str(scale)](features) if self.gates else features
            for scale, features in pooled.items()
        ]
        scores: Tensor = self.head(torch.cat(parts, 1))
        return scores.squeeze(1)

    def maps(self, images: Tensor, saliency: Tensor) -> dict[str, Tensor]:
        """Spatial attention at each scale, as large as the crops, (B, 1, h, w) in [0, 1]."""
        _, attention = self._run(images, saliency)
        return {
            f"attention at 1/{self.strides[scale - 1]}": functional.interpolate(
                weights.float(), size=images.shape[-2:], mode="bilinear"
            )
            for scale, weights in attention.items()
        }

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality``: mean squared error."""
        score = self(batch.images, batch.saliency)
        return {"quality": functional.mse_loss(score.float(), batch.quality)}

    def cam_layers(self) -> list[nn.Module]:
        """Where Grad-CAM looks: the last layer of the picture's stream, or of the only one."""
        return [self._stream([*self.streams][-1]).last_layer()]

    def _run(self, images: Tensor, saliency: Tensor) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
        """For each scale the pooled channels of the streams, (B, C), and the attention."""
        attention: dict[int, Tensor] = {}
        pooled: dict[int, Tensor] = {}

        def edit(scale: int, feature: Tensor) -> Tensor:
            if scale not in self.scales:
                return feature
            if self.attention and scale not in attention:  # the saliency stream comes first
                attention[scale] = self.attention[str(scale)](feature)
            if scale in attention:
                # Twice, so that a pretrained block starts with about what it was trained on.
                feature = feature * (2 * attention[scale])
            means = feature.mean((2, 3))
            pooled[scale] = torch.cat([pooled[scale], means], 1) if scale in pooled else means
            return feature

        # ImageNet encoders take three channels with about zero mean.
        inputs = {"saliency": (2 * saliency - 1).expand(-1, 3, -1, -1), "image": images}
        for name in self.streams:
            self._stream(name)(inputs[name], edit)
        return pooled, attention

    def _stream(self, name: str) -> Encoder:
        return cast(Encoder, self.streams[name])
