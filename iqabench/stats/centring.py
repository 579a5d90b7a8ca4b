"""Samples about their mean, for whatever divides one spread by another.

A mean is itself rounded, to a unit of the values' size: samples that differ in their last bits only
are moved by as much as they differ, and squares of huge or tiny values leave the range of floats.
Here a sample is first scaled by a power of two, which is exact, then taken about one of its own
values, which is exact for values within a factor of two of each other (Sterbenz, "Floating-point
computation", 1974), and only then about the mean of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Unit:
    """A sample's own unit: ``x`` is ``((x / 2^exponent - pivot) - centre) / spread`` in it."""

    exponent: int
    pivot: float
    centre: float
    spread: float

    def standard(self, values: npt.ArrayLike) -> FloatArray:
        """Values in this unit; the same shape."""
        scaled = np.ldexp(np.asarray(values, dtype=np.float64), -self.exponent)
        return np.asarray(((scaled - self.pivot) - self.centre) / self.spread)

    def plain(self, standard: npt.ArrayLike) -> FloatArray:
        """Values whose standard values these are; the same shape."""
        away = self.centre + self.spread * np.asarray(standard, dtype=np.float64)
        return np.asarray(np.ldexp(self.pivot + away, self.exponent))

    @property
    def origin(self) -> float:
        """The value that is 0 in this unit."""
        return float(self.plain(0.0))

    @property
    def size(self) -> float:
        """What 1 in this unit measures."""
        return float(np.ldexp(self.spread, self.exponent))


def centred(values: FloatArray) -> FloatArray:
    """Values about their mean along the last axis, the farthest of them between 1/2 and 1 away.

    (..., n) -> (..., n), in a power of two as a unit. All zero exactly where all values are equal.
    """
    if not values.size:
        return values
    scaled = np.ldexp(values, -_exponent(values))
    away = scaled - scaled[..., :1]
    away = np.ldexp(away, -_exponent(away))
    away = away - away.mean(axis=-1, keepdims=True)
    return np.asarray(np.ldexp(away, -_exponent(away)))


def scaled_to_one(values: FloatArray) -> tuple[FloatArray, int]:
    """Values of one sample times 2^-e, the largest of them 1/2 to 1 in size, and e; exact."""
    exponent = int(_exponent(values)[..., 0]) if values.size else 0
    return np.asarray(np.ldexp(values, -exponent)), exponent


def standard_unit(values: FloatArray) -> Unit | None:
    """The unit of one sample's mean and standard deviation; None where all values are equal."""
    scaled, exponent = scaled_to_one(values)
    away = scaled - scaled[0]
    if not away.any():
        return None
    return Unit(exponent, float(scaled[0]), float(away.mean()), float(away.std()))


def quartile_unit(values: FloatArray) -> Unit | None:
    """The unit of one sample's median and quartiles, which outliers leave alone.

    As wide as `standard_unit` for normal samples; None where half of all values are equal.
    """
    scaled, exponent = scaled_to_one(values)
    low, middle, high = np.quantile(scaled - scaled[0], [0.25, 0.5, 0.75])
    if low == high:
        return None
    return Unit(exponent, float(scaled[0]), float(middle), float(high - low) / 1.349)


def _exponent(values: FloatArray) -> npt.NDArray[np.int32]:
    """The powers of two next above the largest sizes along the last axis, (..., 1)."""
    return np.asarray(np.frexp(np.abs(values).max(axis=-1, keepdims=True))[1], dtype=np.int32)
