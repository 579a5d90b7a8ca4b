"""Scores pictures by a network and its recipe's crops."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import ScoreError
from iqabench.engine.ahead import Ahead, made_ahead
from iqabench.engine.batches import in_batches
from iqabench.engine.crops import normalise, test_views
from iqabench.engine.folding import Folded, sharing_weights
from iqabench.engine.label_scale import UNCHANGED, LabelScale
from iqabench.engine.one_by_one import Prediction, predictions
from iqabench.engine.predictions import ContentOf, Planes
from iqabench.engine.side_by_side import few_pixels, in_order, with_copies, workers
from iqabench.engine.work_time import working

if TYPE_CHECKING:
    from iqabench.engine.kinds.base import Pictures


@dataclass(frozen=True)
class NetworkScore:
    """A function that scores a picture by name.

    Attributes:
        model: in evaluation mode, on the device.
        recipe: gives the crops of a picture, and how their scores are pooled.
        planes: gives a fourth plane, saliency, only if saliency is an input of the model.
        content_of: seeds random crops, with the seed. So a picture has one score under every name
            and path.
        device: ``cpu``, ``cuda`` or ``mps``.
        precision: ``fp32`` or ``bf16``.
        seed: of the job.
        scale: that of the labels with which the model was trained.
    """

    model: nn.Module
    recipe: Recipe
    planes: Planes
    content_of: ContentOf
    device: str
    precision: str
    seed: int
    scale: LabelScale = UNCHANGED

    def __call__(self, name: str) -> float:
        """The score of one picture.

        Raises:
            ScoreError: the model's output does not hold one score per crop.
        """
        return self.of(self.views(name))

    def of(self, views: Tensor) -> float:
        """The score of the picture that has these views."""
        with working():
            return self.together([views])[0]

    def predictions(self, names: Sequence[str]) -> Iterator[Prediction]:
        """Score pictures in their order.

        Devices other than a CPU get batches of several, because the crops of one picture do not
        keep them busy. A CPU's threads have a picture each, if its features are small.
        """
        left = list(names)
        if self.can_have_twins and workers(len(left) - 1) > 1:
            scored = False
            while left and not scored:  # which decides how copies of the network compute
                (row,) = predictions([left.pop(0)], self)
                yield row
                scored = row.error is None
            copies = with_copies(self, self.twin, workers(len(left)))
            if len(copies) > 1:
                yield from in_order(copies, left, _among(len(copies)), str)
                return
        with made_ahead(self.views, left) as views:
            score = _ViewsAhead(self, views)
            yield from (predictions if self.device == "cpu" else in_batches)(left, score)

    @property
    def can_have_twins(self) -> bool:
        """Whether several pictures can be scored at once, by copies of the network."""
        return self.device == "cpu" and isinstance(self.model, Folded) and few_pixels(self.recipe)

    def twin(self, pictures: Pictures | None = None) -> NetworkScore:
        """A copy for another thread, which scores these pictures, or the same."""
        model = sharing_weights(self.model)
        if pictures is None:
            return replace(self, model=model)
        return replace(self, model=model, planes=pictures.planes, content_of=pictures.content_of)

    def views(self, name: str) -> Tensor:
        """The crops of a picture, (n, 3 or 4, h, w), float32 in [0, 1]."""
        drawn = self.recipe.crop is not None and self.recipe.test_crop_kind == "random"
        key = (self.seed, int(self.content_of(name), 16)) if drawn else (self.seed,)
        return test_views(self.planes(name), self.recipe, key)

    def with_error(self, name: str) -> tuple[float, float]:
        """The score of one picture, and its expected error, of a :class:`ScoresAndErrors`."""
        with working():
            score, error = self._pooled([self.views(name)], 2).tolist()[0]
        return self.scale.up(score), self.scale.up(error) - self.scale.low

    def together(self, views: Sequence[Tensor]) -> list[float]:
        """The scores of pictures whose crops have one size.

        Raises:
            ScoreError: the model's output does not hold one score per crop.
        """
        # The device is waited for once.
        return [self.scale.up(score) for score in self._pooled(views).tolist()]

    def _pooled(self, views: Sequence[Tensor], *numbers: int) -> Tensor:
        """The model's output, (B, *numbers), pooled over each picture's crops."""
        crops = torch.cat(list(views)) if len(views) > 1 else views[0]
        if self.device == "cuda":
            crops = crops.pin_memory()
        crops = crops.to(self.device, non_blocking=True)
        inputs = normalise(crops[:, :3], self.recipe).contiguous(memory_format=torch.channels_last)
        extra = () if crops.shape[1] == 3 else (crops[:, 3:],)
        scores = self._forward(inputs, *extra)
        if scores.shape != (len(crops), *numbers):
            raise ScoreError(
                f"the model returned shape {tuple(scores.shape)} for {len(crops)} crops",
                "forward returns one score per crop, (B,)",
            )
        parts: tuple[Tensor, ...] = torch.split(scores, [len(view) for view in views])
        pooled = [
            part.mean(0) if self.recipe.pool == "mean" else part.quantile(0.5, 0) for part in parts
        ]
        return torch.stack(pooled)

    def _forward(self, *inputs: Tensor) -> Tensor:
        bf16 = self.precision == "bf16"
        with torch.inference_mode(), torch.autocast(self.device, torch.bfloat16, enabled=bf16):
            result: Tensor = self.model(*inputs)
        return result.float()


def _among(threads: int) -> Callable[[NetworkScore, str], Prediction]:
    """Scores a picture while other threads score others: it costs its share of the time."""

    def judged(score: NetworkScore, name: str) -> Prediction:
        (row,) = predictions([name], score)
        return row if row.seconds is None else replace(row, seconds=row.seconds / threads)

    return judged


class ScoresAndErrors(nn.Module):
    """A network as it tells how far off its scores are: crops -> (B, 2)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network: Any = network

    def forward(self, *inputs: Tensor) -> Tensor:
        """Scores and expected errors."""
        return torch.stack(self.network.scores_and_errors(*inputs), 1)


@dataclass(frozen=True)
class _ViewsAhead:
    """A score whose views are made before they are asked for."""

    score: NetworkScore
    views: Ahead[str, Tensor]

    def __call__(self, name: str) -> float:
        return self.score.of(self.views(name))

    def together(self, views: Sequence[Tensor]) -> list[float]:
        return self.score.together(views)
