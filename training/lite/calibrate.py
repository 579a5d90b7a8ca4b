"""Measures how wide intervals must be, and how good intervals are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

SHARE = 0.93
"""Of the misses at an expected error, inside the half widths: with it about 85% of each subset's
training pictures are inside. With .90 the subset that is hardest to predict had 80%."""
KNOTS, WINDOW = (0.03, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97), 400
"""Quantiles of the expected errors at which widths are measured, each on so many pictures."""


def half_widths(
    expected: NDArray[np.float64], missed: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Expected error -> half the width of an interval named 90%, which never falls.

    Args:
        expected: (N,) expected errors.
        missed: (N,) how far people's mean scores were off, in the same unit.
    """
    order = np.argsort(expected)
    expected, missed = expected[order], missed[order]
    errors, widths = [], []
    for knot in KNOTS:
        middle = round(knot * (len(expected) - 1))
        start = min(max(0, middle - WINDOW // 2), max(0, len(expected) - WINDOW))
        own = slice(start, start + WINDOW)
        errors.append(float(np.median(expected[own])))
        widths.append(float(np.quantile(missed[own], SHARE)))
    # By chance a window has narrower misses than the one before it: both get their mean.
    return list(zip(errors, isotonic_regression(widths).x.tolist(), strict=True))


def interval_score(low: Any, high: Any, truth: NDArray[np.float64]) -> float:
    """Mean interval score of 90% intervals, lower is better (Gneiting, Raftery, JASA 2007)."""
    missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return float((high - low + 2 / 0.1 * missed).mean())
