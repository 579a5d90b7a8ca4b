"""The logistic curve that is fitted between predictions and labels before PLCC and RMSE.

Two forms are in use:

- 4 parameters (VQEG 2000): ``b2 + (b1 - b2) / (1 + exp(-(x - b3) / |b4|))``, always monotone;
- 5 parameters (Sheikh, Sabir and Bovik, "A statistical evaluation of recent full reference image
  quality assessment algorithms", IEEE TIP 15(11), 2006):
  ``b1 * (1/2 - 1 / (1 + exp(b2 * (x - b3)))) + b4 * x + b5``, which need not be monotone.

Either may rise or fall, so a mapped correlation says nothing about direction: read the sign from
the raw one. Fitting on the samples that are judged favours weak models; say so where it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
ParameterCount = Literal[4, 5]

MAX_EVALUATIONS = 1000
"""Evaluations of the curve in one descent; good data need about ten."""

_SETTLED = 1e-4  # largest share of the label's variance that a further descent may still explain
_NARROWEST = 1e-10  # |b4| of the 4-parameter curve in standard units; keeps x / b4 finite


class LogisticFitError(ValueError):
    """No logistic curve could be fitted; the message names the reason."""


@dataclass(frozen=True)
class LogisticFit:
    """A fitted curve; call it to map predictions onto the scale of the labels.

    Attributes:
        beta: the parameters (b1, b2, ...) of the module's formulas, in the units of x and y, in
            the one form among equal curves that has b4 > 0 (4 parameters) or b1 >= 0 (5).
        parameters: 4 or 5.
        converged: True where the optimiser met its tolerance. False where it ran out of
            evaluations in a flat valley: the mapped values have settled (a second descent as long
            explained less than 0.01% more of the variance), yet the data do not determine the
            parameters (say, 5 of them through points on a parabola).
    """

    beta: tuple[float, ...]
    parameters: ParameterCount
    converged: bool

    def __call__(self, x: npt.ArrayLike) -> FloatArray:
        """Mapped values, same shape as ``x``, in the unit of the labels; finite for finite x."""
        return _curve(np.asarray(self.beta), np.asarray(x, dtype=np.float64))


def fit_logistic(
    x: npt.ArrayLike, y: npt.ArrayLike, *, parameters: ParameterCount = 4
) -> LogisticFit:
    """Least-squares logistic curve from predictions to labels.

    Levenberg-Marquardt from one start: (max y, min y, mean x, sd x / 4), with the first two
    exchanged for falling data, or (range y, ±1 / sd x, mean x, 0, mean y). What comes back is
    the optimum next to that start. No other start is tried, on purpose: where x says little about
    y, the global optimum is a step between two neighbouring samples.

    Args:
        x: (n,) predictions, any unit and direction.
        y: (n,) labels.
        parameters: 4 or 5.

    Raises:
        LogisticFitError: fewer samples than parameters, constant x or y, numbers too large to
            standardise, or no settled curve within the bound on evaluations.
        ValueError: wrong shapes, NaN or infinity, or another number of parameters.
    """
    x, y = finite_pair(x, y)
    if parameters not in (4, 5):
        raise ValueError(f"parameters must be 4 or 5, not {parameters!r}")
    if x.size < parameters:
        raise LogisticFitError(f"{x.size} samples are too few for {parameters} parameters")
    # In standard units the start, the tolerances and the path are the same for every scale of x.
    zx, mean_x, sd_x = _standardised(x, "x")
    zy, mean_y, sd_y = _standardised(y, "y")
    beta, converged = _descend(zx, zy, _start(zx, zy, parameters))
    beta = _in_units(beta, mean_x, sd_x, mean_y, sd_y)
    if not np.isfinite(beta).all():
        raise LogisticFitError("the fitted parameters overflow in the units of x and y")
    return LogisticFit(tuple(beta.tolist()), parameters, converged)


def finite_pair(
    x: npt.ArrayLike, y: npt.ArrayLike, names: tuple[str, str] = ("x", "y")
) -> tuple[FloatArray, FloatArray]:
    """Both samples as (n,) float64.

    Raises:
        ValueError: an argument, named, is not one-dimensional or holds NaN or infinity, or the
            lengths differ.
    """
    first, second = (
        _finite_vector(values, name) for values, name in zip((x, y), names, strict=True)
    )
    if first.size != second.size:
        raise ValueError(
            f"{names[0]} and {names[1]} must be equally long, not {first.size} and {second.size}"
        )
    return first, second


def _finite_vector(values: npt.ArrayLike, name: str) -> FloatArray:
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {vector.shape}")
    bad = vector.size - int(np.isfinite(vector).sum())
    if bad:
        raise ValueError(f"{name} holds NaN or infinity in {bad} of {vector.size} places")
    return vector


def _standardised(values: FloatArray, name: str) -> tuple[FloatArray, float, float]:
    if (values == values[0]).all():
        raise LogisticFitError(f"{name} is constant")
    with np.errstate(over="ignore", invalid="ignore"):
        mean, sd = float(values.mean()), float(values.std())
    if not (np.isfinite(mean) and np.isfinite(sd) and sd > 0):
        raise LogisticFitError(f"{name} cannot be standardised: its spread over- or underflows")
    return (values - mean) / sd, mean, sd


def _start(x: FloatArray, y: FloatArray, parameters: ParameterCount) -> FloatArray:
    """Starting values in standard units, mirrored for falling data so that flipping x is free."""
    rising = float(x @ y) >= 0
    if parameters == 4:
        ends = (y.max(), y.min()) if rising else (y.min(), y.max())
        return np.array([*ends, 0.0, 0.25])
    return np.array([np.ptp(y), 1.0 if rising else -1.0, 0.0, 0.0, 0.0])


def _descend(x: FloatArray, y: FloatArray, start: FloatArray) -> tuple[FloatArray, bool]:
    """Optimal parameters in standard units, and whether the optimiser met its tolerance.

    Some data pull a parameter towards infinity (points on an exponential, of which a logistic
    has one end only): the curve settles, its parameters never do. A second descent tells such a
    valley from a failure.
    """
    beta, error, converged = _least_squares(x, y, start)
    if not converged:
        before = error
        beta, error, converged = _least_squares(x, y, beta)
        gain = (before - error) / x.size
        if gain > _SETTLED:
            raise LogisticFitError(
                f"no settled curve within 2 x {MAX_EVALUATIONS} evaluations: the second half "
                f"still explained {gain:.2%} more of the variance of y"
            )
    if not (np.isfinite(beta).all() and np.isfinite(error)):
        raise LogisticFitError("the descent left the finite numbers")
    return beta, converged


def _least_squares(
    x: FloatArray, y: FloatArray, start: FloatArray
) -> tuple[FloatArray, float, bool]:
    # MINPACK's lmder itself: curve_fit would hide the estimate on reaching the bound, and a
    # numerical derivative never moves a parameter that starts at zero or nearly so.
    from scipy.optimize import leastsq

    with np.errstate(over="ignore", invalid="ignore"):  # the caller looks for what is not finite
        beta, _, details, _, status = leastsq(
            lambda b: _curve(_with_width(b), x) - y,
            start,
            Dfun=lambda b: _jacobian(_with_width(b), x),
            full_output=True,
            maxfev=MAX_EVALUATIONS,
        )
    residual = details["fvec"]
    exhausted = 5  # MINPACK's info; 6 to 8 say that rounding, not the data, stopped it
    return _with_width(np.asarray(beta)), float(residual @ residual), status != exhausted


def _curve(beta: FloatArray, x: FloatArray) -> FloatArray:
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


def _in_units(
    beta: FloatArray, mean_x: float, sd_x: float, mean_y: float, sd_y: float
) -> FloatArray:
    """Parameters for standardised samples -> parameters for the samples themselves."""
    with np.errstate(over="ignore", invalid="ignore"):
        if beta.size == 4:
            b1, b2, b3, b4 = beta
            units = [
                mean_y + sd_y * b1,
                mean_y + sd_y * b2,
                mean_x + sd_x * b3,
                sd_x * abs(b4),
            ]
        else:
            b1, b2, b3, b4, b5 = beta
            flip = -1.0 if b1 < 0 else 1.0  # (-b1, -b2) draws the same curve
            slope = sd_y * b4 / sd_x
            units = [
                flip * sd_y * b1,
                flip * b2 / sd_x,
                mean_x + sd_x * b3,
                slope,
                mean_y + sd_y * b5 - slope * mean_x,
            ]
    return np.array(units)
