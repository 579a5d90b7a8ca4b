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
from iqabench.contract import Batch, Stage, UsageError
from iqabench.kit.block_statistics import statistics
from iqabench.kit.encoders import Edit, Watch, encoder, fully_connected
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
        self.head = _head(options, self.trunk)

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
            rows.append(self.seen(batch.images).double().cpu().numpy())
            quality.append(batch.quality.double().cpu().numpy())
        statistics, truth = np.concatenate(rows), np.concatenate(quality)
        fitted = fit_ridge(statistics, truth)
        self.head.start(fitted)
        if self.options.expected_error:
            self.head.start_errors(fit_ridge(statistics, np.abs(fitted.left_out - truth)))

    def forward(self, images: Tensor) -> Tensor:
        """Quality of normalised crops, (B, 3, h, w) -> (B,)."""
        return self._run(images)[0]

    def scores_and_errors(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Quality of crops and how far off it is expected to be, each (B,).

        Only a network with the option ``expected_error`` can tell.
        """
        seen, head = self.seen(images), self.head
        assert isinstance(head, StatisticsHead), "no other head tells an expected error"
        return head(seen), head.errors(seen)

    def maps(self, images: Tensor) -> dict[str, Tensor]:
        """Predicted ``low`` and ``high`` saliency of crops, each (B, 1, h, w) with maximum 1."""
        found = self._decode(self._features(images, None)[1], images)
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

    def parameter_groups(self, stage: Stage) -> dict[str, list[nn.Parameter]]:
        """``trunk``, ``branches`` and ``head``: the last two may be new beside a trained trunk."""
        parts = {"trunk": self.trunk, "branches": self.branches, "head": self.head}
        return {name: list(part.parameters()) for name, part in parts.items()}

    def cam_layers(self) -> list[nn.Module]:
        """The layers for Grad-CAM: those whose output is the feature of the quality head."""
        return [self.trunk.last_layer()]

    def seen(self, images: Tensor) -> Tensor:
        """What the head gets of normalised crops, (B, 3, h, w): for ``statistics``, (B, F)."""
        return self._seen(images)[0]

    def _run(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The scores, and for each branch the feature for its decoder."""
        seen, decodable = self._seen(images)
        return self.head(seen), decodable

    def _seen(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The head's input, and for each branch the feature for its decoder."""
        if not isinstance(self.head, StatisticsHead):
            return self._features(images, None)
        found: list[Tensor] = []

        def note(feature: Tensor) -> None:
            found.append(statistics(feature))

        _, decodable = self._features(images, note)
        if self.options.half_view:
            self._compute(functional.avg_pool2d(images, 2), None, note)
        return torch.cat(found, 1), decodable

    def _features(self, images: Tensor, note: Watch | None) -> tuple[Tensor, dict[str, Tensor]]:
        """The trunk's output, and for each branch the feature for its decoder.

        ``note`` gets the output of every block or layer, as the option ``taps`` says.
        """
        started = {name: branch.start(images) for name, branch in self._branches()}
        decodable: dict[str, Tensor] = {}

        def edit(number: int, feature: Tensor) -> Tensor:
            for name, branch in self._branches():
                if branch.block == number:
                    feature, decodable[name] = branch.fuse(feature, started[name])
            return feature

        return self._compute(images, edit, note), decodable

    def _compute(self, images: Tensor, edit: Edit | None, note: Watch | None) -> Tensor:
        """The trunk's output, changed by ``edit`` and told to ``note``."""
        found: Tensor
        if note is not None and self.options.taps == "layers":
            found = self.trunk(images, edit, note)
        else:
            found = self.trunk(images, edit if note is None else _edited_and_told(edit, note))
        return found

    def _branches(self) -> list[tuple[str, Any]]:
        return list(self.branches.items())

    def _decode(self, decodable: dict[str, Tensor], images: Tensor) -> dict[str, Tensor]:
        # If the stride does not divide a crop's sides, its decoded map is a little larger.
        height, width = images.shape[-2:]
        return {
            name: branch.decoder(decodable[name])[..., :height, :width]
            for name, branch in self._branches()
        }


def _edited_and_told(edit: Edit | None, note: Watch) -> Edit:
    """``edit``, whose result is also told to ``note``."""

    def both(number: int, feature: Tensor) -> Tensor:
        feature = feature if edit is None else edit(number, feature)
        note(feature)
        return feature

    return both


def _head(options: Options, trunk: Any) -> nn.Module:
    if options.head == "vgg-fc":
        layers, width = fully_connected(options.encoder, options.init, options.dropout)
        return FullyConnectedHead(layers, width, options.dropout)
    if _is_transformer(options):
        return TransformerHead(trunk.channels[-1], options.dropout)
    if options.head == "statistics":
        return _statistics_head(options, trunk)
    return ConvolutionalHead(trunk.channels[-1], options.hidden, options.dropout)


def _statistics_head(options: Options, trunk: Any) -> nn.Module:
    channels = trunk.layer_channels if options.taps == "layers" else trunk.channels
    if not channels:
        raise UsageError(
            f"taps=layers: encoder '{options.encoder}' is not built like EfficientNet",
            "set taps=blocks",
        )
    features = (4 if options.half_view else 2) * sum(channels)
    return StatisticsHead(features, options.hidden, options.dropout, options.expected_error)


def _is_transformer(options: Options) -> bool:
    return options.encoder.startswith(("vit_", "test_vit"))


def _trunk(options: Options) -> Any:
    if _is_transformer(options):
        from biosiqnet_plugin.transformer import TransformerTrunk

        return TransformerTrunk(options.encoder, options.init, options.image_size)
    return encoder(options.encoder, options.init)
