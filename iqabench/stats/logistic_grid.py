"""The best 5-parameter curve from many starts, in standard units of both samples.

For a given slope b2 and place b3 of the bend the other three parameters follow by linear least
squares (Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
problems whose variables separate", SIAM Journal on Numerical Analysis 10(2), 1973). So only slope
and place are searched for: on a grid, and from its best places by descent. Both are kept within
bounds, where the valleys of the whole problem have an end: a slope that keeps falling is a cubic
by then, one that keeps rising a step.
"""

from __future__ import annotations

import itertools

import numpy as np

from iqabench.stats.centring import FloatArray
from iqabench.stats.logistic_descent import Descent, curve, descend

_SLOPES = np.geomspace(0.25, 32, 8)
_PLACES = np.linspace(0.02, 0.98, 17)  # quantiles of x
_SLOPE_BOUNDS = (0.05, 1000.0)
_DESCENTS = 5  # from the best places of the grid
_POLISH = 200  # evaluations of a descent over all parameters


def from_grid(x: FloatArray, y: FloatArray) -> list[Descent]:
    """The best curve of the grid, and what a descent over all parameters makes of two starts.

    These are that curve and the literature's start, (range y, ±1, 0, 0, 0); descents that do not
    converge are left out.
    """
    found = min((_refined(x, y, *start) for start in _starts(x, y)), key=lambda one: one.error)
    direction = 1.0 if float(x @ y) >= 0 else -1.0
    starts = found.beta, np.array([np.ptp(y), direction, 0.0, 0.0, 0.0])
    descents = (descend(x, y, start, _POLISH) for start in starts)
    return [found, *(one for one in descents if one.converged and one.finite)]


def _starts(x: FloatArray, y: FloatArray) -> list[tuple[float, float]]:
    """Slope and place where the grid explains more than around, the best ones."""
    places = np.unique([*np.quantile(x, _PLACES), *np.linspace(x.min(), x.max(), _PLACES.size)])
    slopes, places = np.meshgrid(_SLOPES, places, indexing="ij")
    line = _line(x)
    bends = _without(line, np.tanh(0.5 * slopes[..., None] * (x - places[..., None])))
    square = (bends * bends).sum(axis=-1)
    gain = (bends @ _without(line, y)) ** 2 / np.where(square > 0, square, np.inf)
    padded = np.pad(gain, 1, constant_values=-np.inf)
    steps = itertools.product(range(3), range(3))
    rows, columns = gain.shape
    around = np.max([padded[i : i + rows, j : j + columns] for i, j in steps], axis=0)
    peaks = np.flatnonzero(gain >= around)
    best = peaks[np.argsort(-gain.flat[peaks], kind="stable")][:_DESCENTS]
    return [(float(slopes.flat[one]), float(places.flat[one])) for one in best]


def _refined(x: FloatArray, y: FloatArray, slope: float, place: float) -> Descent:
    """The curve at the best slope and place next to these."""
    from scipy.optimize import leastsq

    line = _line(x)
    rest_y = _without(line, y)
    low, high = x.min() - np.ptp(x), x.max() + np.ptp(x)

    def bounded(point: FloatArray) -> tuple[float, float]:
        logarithms = np.log(_SLOPE_BOUNDS)
        return float(np.exp(np.clip(point[0], *logarithms))), float(np.clip(point[1], low, high))

    def residual(point: FloatArray) -> FloatArray:
        bent, away = bounded(point)
        bend = _without(line, np.tanh(0.5 * bent * (x - away)))
        square = bend @ bend
        return np.asarray((rest_y @ bend / square if square else 0.0) * bend - rest_y)

    # All output is asked for, so that rounding at an optimum is no warning.
    point = leastsq(residual, [np.log(slope), place], epsfcn=1e-10, full_output=True)[0]
    b2, b3 = bounded(point)
    bend = 0.5 * np.tanh(0.5 * b2 * (x - b3))
    columns = np.column_stack([bend, x, np.ones_like(x)])
    b1, b4, b5 = np.linalg.lstsq(columns, y, rcond=None)[0]
    beta = np.array([b1, b2, b3, b4, b5])
    left = curve(beta, x) - y
    return Descent(beta, float(left @ left), False)


def _line(x: FloatArray) -> FloatArray:
    """An orthonormal basis of the straight lines over x, (n, 2)."""
    return np.linalg.qr(np.column_stack([np.ones_like(x), x]))[0]


def _without(line: FloatArray, values: FloatArray) -> FloatArray:
    """What a straight line leaves of values, (..., n)."""
    return np.asarray(values - (values @ line) @ line.T)
