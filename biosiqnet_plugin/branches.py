"""The saliency branches: where their feature comes from, and how it is fused (eqs. 1 and 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from biosiqnet_plugin.decoder import SaliencyDecoder
from iqabench.kit.encoders import Encoder


class Fusion(nn.Module):
    """scale_s * saliency feature + scale_q * quality feature, both scalars learnt from 1."""

    def __init__(self) -> None:
        super().__init__()
        self.saliency_scale = nn.Parameter(torch.ones(()))
        """alpha or gamma."""
        self.quality_scale = nn.Parameter(torch.ones(()))
        """beta or sigma."""

    def forward(self, saliency: Tensor, quality: Tensor) -> Tensor:
        """Two features of one shape -> one."""
        return self.saliency_scale * saliency + self.quality_scale * quality


class Adapter(nn.Module):
    """A residual bottleneck: the saliency branch's own view of the shared trunk's feature."""

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
    """A saliency task on the quality branch's own trunk: an adapter and a decoder at one block."""

    def __init__(self, trunk: Encoder, block: int, map_start: float) -> None:
        super().__init__()
        self.block = block
        self.adapter = Adapter(trunk.channels[block - 1])
        self.fusion = Fusion()
        self.decoder = SaliencyDecoder(
            trunk.channels[block - 1], trunk.strides[block - 1], map_start
        )

    def start(self, images: Tensor) -> None:
        """Nothing: the trunk's feature comes later."""

    def fuse(self, feature: Tensor, started: None) -> tuple[Tensor, Tensor]:
        """The fused feature that goes on, and what the decoder reads."""
        own: Tensor = self.adapter(feature)
        return self.fusion(own, feature), own


class SeparateBranch(nn.Module):
    """A saliency task with an encoder of its own, decoded from that encoder's last block."""

    def __init__(self, own: Encoder, block: int, map_start: float) -> None:
        super().__init__()
        self.block = block
        self.encoder = own
        self.fusion = Fusion()
        self.decoder = SaliencyDecoder(own.channels[-1], own.strides[-1], map_start)

    def start(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """This encoder's feature at the block of fusion, and its last."""
        found: dict[int, Tensor] = {}

        def note(number: int, feature: Tensor) -> Tensor:
            found[number] = feature
            return feature

        last = self.encoder(images, note)
        return found[self.block], last

    def fuse(self, feature: Tensor, started: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """The fused feature that goes on, and what the decoder reads."""
        own, last = started
        return self.fusion(own, feature), last
