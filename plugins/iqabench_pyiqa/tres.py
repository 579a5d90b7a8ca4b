"""TReS as implemented in pyiqa; iqabench crops the pictures and trains the network."""

from __future__ import annotations

from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional

from iqabench.contract import Batch

from .network import Wrapped, as_it_is, imagenet, no_backbone_weights
from .options import TresOptions


class Tres(Wrapped):
    """Gives one score per 224 x 224 crop."""

    def __init__(self, options: TresOptions) -> None:
        start = imagenet(options.backbone) if options.init == "default" else None
        super().__init__(_network(options.backbone))
        if start is not None:
            self.net.model.load_state_dict(start)

    def forward(self, images: Tensor) -> Tensor:
        """RGB crops in [0, 1], (B, 3, 224, 224) -> (B,)."""
        return self._run(images)[0]

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The authors' losses, computed for the crops and for their mirror images.

        ``quality``: absolute error of both. ``consistency``: distance between the features of crops
        and mirror images. ``ranking``: triplet losses with the best and the worst crop of the
        batch, for both. ``ranking_consistency``: distance between these two triplet losses.
        """
        scores, consistency = self._run(batch.images)
        mirrored, mirrored_consistency = self._run(batch.images.flip(3))
        ranking = _ranking(scores, batch.quality)
        mirrored_ranking = _ranking(mirrored, batch.quality)
        both = functional.l1_loss(ranking, mirrored_ranking.detach()) + functional.l1_loss(
            mirrored_ranking, ranking.detach()
        )
        return {
            "quality": functional.l1_loss(scores, batch.quality)
            + functional.l1_loss(mirrored, batch.quality),
            "consistency": consistency + mirrored_consistency,
            "ranking": ranking + mirrored_ranking,
            "ranking_consistency": both,
        }

    def _run(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """The scores, and the distance between features of crops and mirrored crops.

        The distance is 0 except in training.
        """
        from pyiqa.archs import tres_arch

        with mock.patch.multiple(tres_arch, random_crop=as_it_is, uniform_crop=as_it_is):
            found = self.net(images)
        scores, consistency = found if self.training else (found, images.new_zeros(()))
        return scores.flatten().float(), consistency


def _ranking(scores: Tensor, quality: Tensor) -> Tensor:
    """The authors' two triplet losses, for the best and the worst crop of a batch; 0 for one crop.

    The score of the worst crop should be nearer to that of the second worst crop than to that of
    the best crop, by a margin that follows from their qualities. The same holds for the best crop,
    the second best crop and the worst crop.
    """
    if len(scores) < 2:
        return scores.new_zeros(())
    order = torch.argsort(quality)
    score, true = scores[order], quality[order]
    worst = (score[0] - score[1]).abs() - (score[0] - score[-1]).abs() + true[-1] - true[1]
    best = (score[-1] - score[-2]).abs() - (score[-1] - score[0]).abs() + true[-2] - true[0]
    return functional.relu(worst) + functional.relu(best)


def _network(backbone: str) -> Any:
    """pyiqa's network with random weights."""
    from pyiqa.archs.tres_arch import TReS

    with no_backbone_weights():
        return TReS(network=backbone, pretrained=False, test_sample=1)
