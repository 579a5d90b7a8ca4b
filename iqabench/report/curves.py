"""Tells the curves of one model's repetitions apart, and finds curves that are mere steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report.canvas import RED

if TYPE_CHECKING:
    import numpy.typing as npt

    from iqabench.store.records import EvaluationRecord

COLOURS = (RED, "#2e7d32", "#84489b", "#9a5a00", "#1b1f24")
"""Of the first five curves; then they come again. None is like the blue of points."""
DASHES = ((), (6.0, 2.0), (2.0, 1.5), (6.0, 2.0, 1.5, 2.0))
"""Lengths of strokes and gaps of the first four curves; then they come again. So twenty curves
differ, and the first four without colour."""
EDGE, FEW = 0.1, 0.05
"""A curve is a step if one picture, or no more than the share ``FEW``, lies between the lowest and
the highest tenth (``EDGE``) of its rise."""


@dataclass(frozen=True)
class Style:
    """How a curve is drawn; the page has its own colours for dark screens, by their number."""

    number: int

    @property
    def line(self) -> dict[str, Any]:
        """Colour and dashes on white, as Matplotlib takes them."""
        return {"color": COLOURS[self.place], "linestyle": (0, self.dashes or None)}

    @property
    def place(self) -> int:
        """Index of the colour."""
        return self.number % len(COLOURS)

    @property
    def dashes(self) -> tuple[float, ...]:
        """Lengths of strokes and gaps; empty for a line without gaps."""
        return DASHES[self.number % len(DASHES)]


def names(records: Sequence[EvaluationRecord]) -> list[str]:
    """A name for each repetition of a model, of what differs among them: ``seed 1, fold 0``."""
    seeds = len({record.seed for record in records}) > 1
    folds = len({record.fold for record in records}) > 1
    return [
        ", ".join([f"seed {one.seed}"] * seeds + [f"fold {one.fold}"] * folds) for one in records
    ]


def is_step(mapped: npt.ArrayLike) -> bool:
    """Whether nearly all pictures lie on one of two levels of a curve.

    Args:
        mapped: (n,) values of the curve at the predictions, n > 0.
    """
    import numpy as np

    values = np.asarray(mapped, dtype=np.float64)
    low, high = values.min(), values.max()
    if low == high:
        return False
    share = (values - low) / (high - low)
    between = np.count_nonzero((share > EDGE) & (share < 1 - EDGE))
    return bool(between <= max(1, FEW * len(values)))


def step_words(steps: Sequence[str], curves: int) -> str:
    """What to say of curves that are steps; empty if none is.

    Args:
        steps: names of the curves that are steps.
        curves: how many curves there are.
    """
    if not steps:
        return ""
    if len(steps) < curves:
        which = f"the curve of {'; '.join(steps)} is a step"
    else:
        which = "the curve is a step" if curves == 1 else "all curves are steps"
    return f"{which}: predictions tell two levels of quality apart and no more"
