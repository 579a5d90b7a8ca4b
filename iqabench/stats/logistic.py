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
from typing import Literal

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import FloatArray as FloatArray
from iqabench.stats.centring import Unit, quartile_unit, standard_unit
from iqabench.stats.logistic_descent import Descent, curve, from_start
from iqabench.stats.logistic_grid import from_grid

ParameterCount = Literal[4, 5]

_OUTLYING = 20  # standard deviations per quartile unit beyond which outliers decide the former


class LogisticFitError(ValueError):
    """No logistic curve could be fitted; the message names the reason."""


@dataclass(frozen=True)
class LogisticFit:
    """A fitted curve; call it to map predictions onto the scale of the labels.

    Attributes:
        standard: the parameters (b1, b2, ...) of the module's formulas between x and y in units of
            their own, in which predictions that differ in their last bits stay apart.
        x, y: these units.
        parameters: 4 or 5.
        converged: True where the optimiser met its tolerance. False where it ran out of
            evaluations in a flat valley: the mapped values have settled (a descent as long again
            explained less than 0.01% more of the variance), yet the data do not determine the
            parameters (say, 5 of them through points on a parabola).
    """

    standard: tuple[float, ...]
    x: Unit
    y: Unit
    parameters: ParameterCount
    converged: bool

    def __call__(self, x: npt.ArrayLike) -> FloatArray:
        """Mapped values, same shape as ``x``, in the unit of the labels; finite for finite x."""
        beta = np.asarray(self.standard)
        return self.y.plain(curve(beta, self.x.standard(x)))

    @property
    def beta(self) -> tuple[float, ...]:
        """The parameters in the units of x and y, infinite where these have no room for them.

        They are in the one form among equal curves that has b4 > 0 (4 parameters) or b1 >= 0 (5).
        """
        return tuple(_in_units(np.asarray(self.standard), self.x, self.y).tolist())


def fit_logistic(
    x: npt.ArrayLike, y: npt.ArrayLike, *, parameters: ParameterCount = 4
) -> LogisticFit:
    """Least-squares logistic curve from predictions to labels, by Levenberg-Marquardt.

    4 parameters have one start, (max y, min y, mean x, sd x / 4), with the first two exchanged for
    falling data, and what comes back is the optimum next to it. No other start is tried, on
    purpose: where x says little about y, the global optimum is a step between two neighbouring
    samples. Where outliers make up the standard deviation, the same start in units of the quartiles
    is a second one, and the better curve is taken.

    5 parameters have local optima and valleys beside a single start. Hence that of the literature,
    (range y, ±1 / sd x, mean x, 0, mean y), and the best of a fixed grid of slopes and places.

    Args:
        x: (n,) predictions, any unit and direction.
        y: (n,) labels.
        parameters: 4 or 5.

    Raises:
        LogisticFitError: fewer samples than parameters, constant x or y, or no settled curve
            within the bound on evaluations.
        ValueError: wrong shapes, NaN or infinity, or another number of parameters.
    """
    x, y = finite_pair(x, y)
    if parameters not in (4, 5):
        raise ValueError(f"parameters must be 4 or 5, not {parameters!r}")
    if x.size < parameters:
        raise LogisticFitError(f"{x.size} samples are too few for {parameters} parameters")
    units = _units(x)
    unit_y = standard_unit(y)
    if not units or unit_y is None:
        raise LogisticFitError(f"{'x' if not units else 'y'} is constant")
    found = [
        (one, unit)
        for unit in units
        for one in _descents(unit.standard(x), unit_y.standard(y), parameters)
    ]
    settled = [(one, unit) for one, unit in found if one.failure is None]
    if not settled:
        raise LogisticFitError(str(found[0][0].failure))
    best, unit = min(settled, key=lambda pair: pair[0].error)
    return LogisticFit(tuple(best.beta.tolist()), unit, unit_y, parameters, best.converged)


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


def _units(x: FloatArray) -> list[Unit]:
    """The units in which to fit: of the deviation, and of the quartiles where outliers make it."""
    whole, inner = standard_unit(x), quartile_unit(x)
    if whole is None:
        return []
    outlying = inner is not None and whole.spread > _OUTLYING * inner.spread
    return [whole, inner] if inner is not None and outlying else [whole]


def _descents(x: FloatArray, y: FloatArray, parameters: ParameterCount) -> list[Descent]:
    return [from_start(x, y)] if parameters == 4 else from_grid(x, y)


def _in_units(beta: FloatArray, x: Unit, y: Unit) -> FloatArray:
    """Parameters for samples in their own units -> parameters for the samples themselves."""
    with np.errstate(over="ignore", invalid="ignore"):
        if beta.size == 4:
            b1, b2, b3, b4 = beta
            units = [float(y.plain(b1)), float(y.plain(b2)), float(x.plain(b3)), x.size * abs(b4)]
        else:
            b1, b2, b3, b4, b5 = beta
            flip = -1.0 if b1 < 0 else 1.0  # (-b1, -b2) draws the same curve
            slope = np.float64(y.size * b4) / x.size
            units = [
                flip * y.size * b1,
                flip * np.float64(b2) / x.size,
                float(x.plain(b3)),
                slope,
                float(y.plain(b5)) - slope * x.origin,
            ]
    return np.array(units)
