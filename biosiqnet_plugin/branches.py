"""The saliency branches: each fuses its feature with the trunk's quality feature (eqs. 1 and 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biosiqnet_plugin.decoder import SaliencyDecoder
from iqabench.kit.encoders import Encoder


class Fusion(nn.Module):
    """scale_s * saliency feature + scale_q * quality feature. The quality feature's learnt scale
    starts at 1, as in the paper; the saliency feature's at ``start``, 1 in the paper."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.saliency_scale = nn.Parameter(torch.full((), start))
        """The paper's alpha or gamma."""
        self.quality_scale = nn.Parameter(torch.ones(()))
        """The paper's beta or sigma."""

    def forward(self, saliency: Tensor, quality: Tensor) -> Tensor:
        """Two features of the same shape -> one feature of that shape."""
        return self.saliency_scale * saliency + self.quality_scale * quality


class Adapter(nn.Module):
    """A residual bottleneck that adapts the shared trunk's feature to one saliency task."""

    def __init__(self, channels: int, reduction: int = 4, widest: int = 128) -> None:
        super().__init__()
        width = max(8, min(widest, channels // reduction))
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1)
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        found: Tensor = feature + self.layers(feature)
        return found


class SharedBranch(nn.Module):
    """A saliency task on the trunk that computes quality: an adapter and a decoder at one block."""

    def __init__(self, trunk: Encoder, block: int, map_start: float, fusion_start: float) -> None:
        super().__init__()
        self.block = block
        self.adapter = Adapter(trunk.channels[block - 1])
        self.fusion = Fusion(fusion_start)
        self.decoder = SaliencyDecoder(
            trunk.channels[block - 1], trunk.strides[block - 1], map_start
        )

    def start(self, images: Tensor) -> None:
        """Compute nothing: this branch needs the trunk's feature, which comes later."""

    def fuse(self, feature: Tensor, started: None) -> tuple[Tensor, Tensor]:
        """The fused feature for the next block of the trunk, and the feature for the decoder."""
        own: Tensor = self.adapter(feature)
        return self.fusion(own, feature), own


class SeparateBranch(nn.Module):
    """A saliency task with its own encoder; its map is decoded from that encoder's last block."""

    def __init__(self, own: Encoder, block: int, map_start: float, fusion_start: float) -> None:
        super().__init__()
        self.block = block
        self.encoder = own
        self.fusion = Fusion(fusion_start)
        self.decoder = SaliencyDecoder(own.channels[-1], own.strides[-1], map_start)

    def start(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """This encoder's feature at the block of fusion, and its last feature."""
        found: dict[int, Tensor] = {}

        def note(number: int, feature: Tensor) -> Tensor:
            found[number] = feature
            return feature

        last = self.encoder(images, note)
        return found[self.block], last

    def fuse(self, feature: Tensor, started: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The fused feature for the next block of the trunk, and the feature for the decoder."""
        own, last = started
        return self.fusion(own, feature), last
