"""Measures on validation pictures how far the scores lie from people's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARE = 0.9
"""Of people's scores, inside the intervals."""
KNOTS, WINDOW = (0.05, 0.3, 0.5, 0.7, 0.95), 200
"""Quantiles of the scores at which the width is measured, each on so many pictures around it."""


def half_widths(
    scores: NDArray[np.float64], truth: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Score -> half the width of an interval that holds 90% of people's scores.

    Args:
        scores: (N,) predictions.
        truth: (N,) people's mean scores, in the same unit.
    """
    order = np.argsort(scores)
    scores, missed = scores[order], np.abs(truth - scores)[order]
    found = []
    for knot in KNOTS:
        middle = round(knot * (len(scores) - 1))
        start = min(max(0, middle - WINDOW // 2), max(0, len(scores) - WINDOW))
        own = slice(start, start + WINDOW)
        found.append((float(np.median(scores[own])), float(np.quantile(missed[own], SHARE))))
    return found
