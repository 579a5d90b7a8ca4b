"""Scores the crops of several pictures together; one that fails keeps its row, with the error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from torch import Tensor

from iqabench.engine.one_by_one import Prediction, judged, predictions
from iqabench.engine.time_limit import TookTooLong, picture_limit
from iqabench.engine.work_time import measured, working

PIXELS = 2**22
"""Pixels of a batch, such as 83 crops of 224x224 or 16 of 512x512; a picture with more is a batch
of its own."""


class Viewer(Protocol):
    """Scores pictures by their crops."""

    def __call__(self, name: str) -> float:
        """The score of one picture."""

    def views(self, name: str) -> Tensor:
        """The crops of a picture, (n, C, h, w)."""

    def together(self, views: Sequence[Tensor]) -> list[float]:
        """The scores of several pictures whose crops have one size."""


def in_batches(names: Sequence[str], score: Viewer, pixels: int = PIXELS) -> Iterator[Prediction]:
    """Score pictures in their order, those that follow each other and have crops of one size
    together.

    If a batch fails, its pictures are scored one by one, which tells whose fault it was, and later
    batches have half the pixels: it may have been too little memory.

    Raises:
        TookTooLong: see :func:`iqabench.engine.one_by_one.predictions`; the others likewise.
    """
    waiting: list[tuple[str, Tensor]] = []
    for name in names:
        views = _views(name, score)
        if waiting and (views is None or not _fits(waiting, views, pixels)):
            rows = _scored(waiting, score)
            pixels = pixels if rows is not None else pixels // 2
            yield from rows or predictions([one for one, _ in waiting], score)
            waiting = []
        if views is None:
            yield from predictions([name], score)
        else:
            waiting.append((name, views))
    if waiting:
        yield from _scored(waiting, score) or predictions([one for one, _ in waiting], score)


def _views(name: str, score: Viewer) -> Tensor | None:
    """The crops of a picture; None if there are none, which scoring it will explain."""
    try:
        with picture_limit(name):
            return score.views(name)
    except TookTooLong:
        raise
    except (Exception, SystemExit):
        return None


def _fits(waiting: Sequence[tuple[str, Tensor]], views: Tensor, pixels: int) -> bool:
    """Whether crops may join those that wait."""
    last = waiting[-1][1]
    taken = sum(one.numel() for _, one in waiting) + views.numel()
    return views.shape[1:] == last.shape[1:] and taken <= pixels * views.shape[1]


def _scored(waiting: Sequence[tuple[str, Tensor]], score: Viewer) -> list[Prediction] | None:
    """A row for each picture; None if they cannot be scored together."""
    try:
        with picture_limit(waiting[0][0]), measured() as work, working():
            values = score.together([views for _, views in waiting])
    except TookTooLong:
        raise
    except (Exception, SystemExit):
        return None
    return [
        judged(name, value, work.spent / len(waiting))
        for (name, _), value in zip(waiting, values, strict=True)
    ]
