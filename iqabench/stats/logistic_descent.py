"""The descent from starting values to a logistic curve, in standard units of both samples.

In standard units the starts, the tolerances and the path are the same for every scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iqabench.stats.centring import FloatArray

MAX_EVALUATIONS = 1000
"""Evaluations of the curve in one descent; good data need about ten."""

_SETTLED = 1e-4  # largest share of the label's variance that a further descent may still explain
_NARROWEST = 1e-10  # |b4| of the 4-parameter curve in standard units; keeps x / b4 finite


@dataclass(frozen=True)
class Descent:
    """Where a descent ended.

    Attributes:
        beta: the parameters.
        error: the sum of squared residuals.
        converged: whether the optimiser met its tolerance.
        failure: why the parameters are of no use; None where the curve has settled.
    """

    beta: FloatArray
    error: float
    converged: bool
    failure: str | None = None

    @property
    def finite(self) -> bool:
        """Whether parameters and error are numbers."""
        return bool(np.isfinite(self.beta).all() and np.isfinite(self.error))


def from_start(x: FloatArray, y: FloatArray) -> Descent:
    """The curve of 4 parameters next to its start: the ends of y, exchanged for falling data.

    Some data pull a parameter towards infinity (points on an exponential, of which a logistic
    has one end only): the curve settles, its parameters never do. A second descent tells such a
    valley from a failure.
    """
    ends = (y.max(), y.min()) if float(x @ y) >= 0 else (y.min(), y.max())
    found, failure = descend(x, y, np.array([*ends, 0.0, 0.25])), None
    if not found.converged:
        before = found.error
        found = descend(x, y, found.beta)
        gain = (before - found.error) / x.size
        if gain > _SETTLED:
            failure = (
                f"no settled curve within 2 x {MAX_EVALUATIONS} evaluations: the second half "
                f"still explained {gain:.2%} more of the variance of y"
            )
    if not found.finite:
        failure = "the descent left the finite numbers"
    return Descent(found.beta, found.error, found.converged, failure)


def descend(x: FloatArray, y: FloatArray, start: FloatArray, evaluations: int = 0) -> Descent:
    """Levenberg-Marquardt from a start, with a bound on evaluations or `MAX_EVALUATIONS`."""
    # MINPACK's lmder itself: curve_fit would hide the estimate on reaching the bound, and a
    # numerical derivative never moves a parameter that starts at zero or nearly so.
    from scipy.optimize import leastsq

    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks for what is not finite
        beta, _, details, _, status = leastsq(
            lambda b: curve(_with_width(b), x) - y,
            start,
            Dfun=lambda b: _jacobian(_with_width(b), x),
            full_output=True,
            maxfev=evaluations or MAX_EVALUATIONS,
        )
    residual = details["fvec"]
    exhausted = 5  # MINPACK's info; 6 to 8 say that rounding, not the data, stopped it
    return Descent(_with_width(np.asarray(beta)), float(residual @ residual), status != exhausted)


def curve(beta: FloatArray, x: FloatArray) -> FloatArray:
    """The curve of 4 or 5 parameters; the shape of x."""
    # 1 / (1 + exp(-t)) = (1 + tanh(t / 2)) / 2, which cannot overflow.
    if beta.size == 4:
        b1, b2, b3, b4 = beta
        mapped = b2 + (b1 - b2) * 0.5 * (1 + np.tanh(0.5 * (x - b3) / abs(b4)))
    else:
        b1, b2, b3, b4, b5 = beta
        mapped = b1 * 0.5 * np.tanh(0.5 * b2 * (x - b3)) + b4 * x + b5
    return np.asarray(mapped, dtype=np.float64)


def _jacobian(beta: FloatArray, x: FloatArray) -> FloatArray:
    """Derivatives of the curve by each parameter, (n, parameters), in standard units."""
    columns: list[Any]
    if beta.size == 4:
        b1, b2, b3, b4 = beta
        away, width = x - b3, abs(b4)
        s = np.tanh(0.5 * away / width)
        slope = (b1 - b2) * 0.25 * (1 - s * s) / width
        columns = [0.5 * (1 + s), 0.5 * (1 - s), -slope, -np.sign(b4) * slope * away / width]
    else:
        b1, b2, b3, _, _ = beta
        away = x - b3
        s = np.tanh(0.5 * b2 * away)
        slope = b1 * 0.25 * (1 - s * s)
        columns = [0.5 * s, slope * away, -slope * b2, x, np.ones_like(x)]
    return np.column_stack(columns)


def _with_width(beta: FloatArray) -> FloatArray:
    """The parameters, in standard units, with b4 of the 4-parameter curve kept off zero."""
    if beta.size == 5 or abs(beta[3]) >= _NARROWEST:
        return beta
    kept = beta.copy()
    kept[3] = np.copysign(_NARROWEST, beta[3])
    return kept
