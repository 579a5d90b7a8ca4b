"""BioSIQNet, shared form: one trunk, adapters for low and high saliency, a decoder for each.

After the low block the trunk's feature F gives F_ls = F + adapter(F), which feeds the low-saliency
decoder, and the trunk goes on with alpha F_ls + beta F (eq. 1); after the high block the same with
gamma and sigma (eq. 2).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from biosiqnet_plugin.decoder import SaliencyDecoder
from biosiqnet_plugin.options import Options
from iqabench.contract import Batch
from iqabench.kit.encoders import encoder
from iqabench.kit.saliency import decompose, saliency_loss


class Adapter(nn.Module):
    """A residual bottleneck: the saliency branch's own view of the trunk's feature."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        width = max(8, channels // reduction)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.ReLU(), nn.Conv2d(width, channels, 3, padding=1)
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        found: Tensor = feature + self.layers(feature)
        return found


class Branch(nn.Module):
    """One saliency task: adapter, decoder and the two scalars of its fusion."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.adapter = Adapter(channels)
        self.decoder = SaliencyDecoder(channels, stride)
        self.saliency_scale = nn.Parameter(torch.ones(()))
        """alpha or gamma."""
        self.quality_scale = nn.Parameter(torch.ones(()))
        """beta or sigma."""

    def forward(self, feature: Tensor) -> tuple[Tensor, Tensor]:
        """The fused feature that goes on, and the branch's own."""
        own = self.adapter(feature)
        return self.saliency_scale * own + self.quality_scale * feature, own


class QualityHead(nn.Module):
    """CNN-tailored head: pooled feature, fully connected, ReLU, fully connected to one score."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(channels, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )
        # Training qualities are scaled to [0, 1]; starting in their middle saves the first steps.
        nn.init.constant_(self.layers[-1].bias, 0.5)  # type: ignore[arg-type]

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B,)."""
        found: Tensor = self.layers(feature)
        return found.squeeze(1)


class BioSIQNet(nn.Module):
    """Quality, low and high saliency learnt together (Wang et al., TNNLS 2025)."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.encoder = encoder(options.encoder, options.init)
        self.low = self._branch(options.low_block)
        self.high = self._branch(options.high_block)
        self.head = QualityHead(self.encoder.channels[-1], options.hidden, options.dropout)

    def _branch(self, block: int | None) -> Branch | None:
        if block is None:
            return None
        return Branch(self.encoder.channels[block - 1], self.encoder.strides[block - 1])

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,)."""
        return self._run(images)[0]

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """Predicted ``low`` and ``high`` saliency of crops, each (B, 1, h, w) in (0, 1)."""
        _, own = self._run(images)
        return self._decode(own)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality`` (L2) and the loss of each saliency branch (eqs. 4 to 9)."""
        score, own = self._run(batch.images)
        losses = {"quality": functional.mse_loss(score.float(), batch.quality)}
        if batch.saliency is None:
            return losses
        low, high = decompose(batch.saliency, self.options.threshold, self.options.binary)
        truth = {"low": low, "high": high}
        weights = (self.options.kld_weight, self.options.cc_weight, self.options.sim_weight)
        for name, found in self._decode(own).items():
            losses[name] = saliency_loss(found, truth[name], weights)
        return losses

    def cam_layers(self) -> list[nn.Module]:
        """The last block: where Grad-CAM looks."""
        return [self.encoder.blocks[-1]]

    def _run(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        own: dict[str, Tensor] = {}
        feature = images
        for number, block in enumerate(self.encoder.blocks, 1):
            feature = block(feature)
            if self.low is not None and number == self.options.low_block:
                feature, own["low"] = self.low(feature)
            if self.high is not None and number == self.options.high_block:
                feature, own["high"] = self.high(feature)
        return self.head(feature), own

    def _decode(self, own: dict[str, Tensor]) -> dict[str, Tensor]:
        branches = {"low": self.low, "high": self.high}
        return {
            name: branch.decoder(own[name])
            for name, branch in branches.items()
            if branch is not None
        }
