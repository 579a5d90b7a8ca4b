"""BioSIQNet: image quality, low saliency and high saliency learnt together.

A trunk of blocks computes quality. The low-saliency branch adds its feature to the trunk's feature
after one block, and the high-saliency branch after a deeper block (eqs. 1 and 2). A decoder turns
each branch's feature into a saliency map, and training compares it with the true map (eqs. 4 to 9).
Wang et al., IEEE TNNLS 2025.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from biosiqnet_plugin.branches import SeparateBranch, SharedBranch
from biosiqnet_plugin.heads import (
    ConvolutionalHead,
    FullyConnectedHead,
    StatisticsHead,
    TransformerHead,
)
from biosiqnet_plugin.options import Options
from iqabench.contract import Batch, UsageError
from iqabench.kit.block_statistics import statistics
from iqabench.kit.encoders import encoder, fully_connected
from iqabench.kit.ridge import fit_ridge
from iqabench.kit.saliency import decompose, saliency_loss


class BioSIQNet(nn.Module):
    """The network in any of its forms; see :class:`Options`."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.options = options
        self.trunk = _trunk(options)
        self.branches = nn.ModuleDict()
        for name, block in (("low", options.low_block), ("high", options.high_block)):
            if block is not None:
                self.branches[name] = self._branch(name, block)
        self.head = _head(options, self.trunk.channels)

    def _branch(self, name: str, block: int) -> nn.Module:
        if block > len(self.trunk.channels):
            raise UsageError(
                f"{name}_block={block}, but {self.options.encoder} has "
                f"{len(self.trunk.channels)} blocks",
                "choose one of them",
            )
        starts = self.options.map_start, self.options.fusion_start
        if self.options.sharing == "shared":
            return SharedBranch(self.trunk, block, *starts)
        return SeparateBranch(_trunk(self.options), block, *starts)

    def prepare(self, batches: Iterable[Batch]) -> None:
        """Start the head ``statistics`` from a ridge regression; other heads start at random."""
        if not isinstance(self.head, StatisticsHead):
            return
        rows, quality = [], []
        for batch in batches:
            rows.append(self._features(batch.images)[0].double().cpu().numpy())
            quality.append(batch.quality.double().cpu().numpy())
        self.head.start(fit_ridge(np.concatenate(rows), np.concatenate(quality)))

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,)."""
        return self._run(images)[0]

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """Predicted ``low`` and ``high`` saliency of crops, each (B, 1, h, w) with maximum 1."""
        found = self._decode(self._run(images)[1], images)
        return {name: one / one.amax((2, 3), keepdim=True) for name, one in found.items()}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """``quality`` (L2) and, if the batch has maps, ``low`` and ``high`` of the branches."""
        score, own = self._run(batch.images)
        losses = {"quality": functional.mse_loss(score.float(), batch.quality)}
        if batch.saliency is None:
            return losses
        low, high = decompose(batch.saliency, self.options.threshold, self.options.binary)
        entire = self.options.high_target == "entire"
        truth = {"low": low, "high": batch.saliency if entire else high}
        weights = (self.options.kld_weight, self.options.cc_weight, self.options.sim_weight)
        for name, found in self._decode(own, batch.images).items():
            losses[name] = saliency_loss(found, truth[name], weights)
        return losses

    @property
    def takes_any_size(self) -> bool:
        """Whether the network accepts whole pictures of any size, not crops alone."""
        return not _is_transformer(self.options)

    def cam_layers(self) -> list[nn.Module]:
        """The layers for Grad-CAM: those whose output is the feature of the quality head."""
        return [self.trunk.last_layer()]

    def _run(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The scores, and for each branch the feature for its decoder."""
        feature, decodable = self._features(images)
        return self.head(feature), decodable

    def _features(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The head's input, and for each branch the feature for its decoder."""
        started = {name: branch.start(images) for name, branch in self._branches()}
        decodable: dict[str, Tensor] = {}
        found: list[Tensor] = []

        def edit(number: int, feature: Tensor) -> Tensor:
            for name, branch in self._branches():
                if branch.block == number:
                    feature, decodable[name] = branch.fuse(feature, started[name])
            if isinstance(self.head, StatisticsHead):
                found.append(statistics(feature))
            return feature

        feature = self.trunk(images, edit)
        return torch.cat(found, 1) if found else feature, decodable

    def _branches(self) -> list[tuple[str, Any]]:
        return list(self.branches.items())

    def _decode(self, decodable: dict[str, Tensor], images: Tensor) -> dict[str, Tensor]:
        # If the stride does not divide a crop's sides, its decoded map is a little larger.
        height, width = images.shape[-2:]
        return {
            name: branch.decoder(decodable[name])[..., :height, :width]
            for name, branch in self._branches()
        }


def _head(options: Options, channels: tuple[int, ...]) -> nn.Module:
    if options.head == "vgg-fc":
        layers, width = fully_connected(options.encoder, options.init, options.dropout)
        return FullyConnectedHead(layers, width, options.dropout)
    if _is_transformer(options):
        return TransformerHead(channels[-1], options.dropout)
    if options.head == "statistics":
        return StatisticsHead(2 * sum(channels), options.hidden, options.dropout)
    return ConvolutionalHead(channels[-1], options.hidden, options.dropout)


def _is_transformer(options: Options) -> bool:
    return options.encoder.startswith(("vit_", "test_vit"))


def _trunk(options: Options) -> Any:
    if _is_transformer(options):
        from biosiqnet_plugin.transformer import TransformerTrunk

        return TransformerTrunk(options.encoder, options.init, options.image_size)
    return encoder(options.encoder, options.init)
