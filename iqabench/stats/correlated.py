"""Differences between two models' correlations with the same labels.

The correlations share their labels and images, and are themselves correlated: by rab, the
correlation between both models' predictions. All tests take correlations of predictions that are
higher for better pictures, any shape, and compare a minus b, two-sided.

Sources: Williams, "The comparison of regression variables", JRSS B 21, 1959; Steiger, "Tests for
comparing elements of a correlation matrix", Psychological Bulletin 87, 1980; Meng, Rosenthal and
Rubin, "Comparing correlated correlation coefficients", Psychological Bulletin 111, 1992; rank
correlations: Bonett and Wright, "Sample size requirements for estimating Pearson, Kendall and
Spearman correlations", Psychometrika 65, 2000, whose variance of Fisher's z of a Spearman
correlation is (1 + rho^2 / 2) / (n - 3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import FloatArray, centred
from iqabench.stats.significance import Result, ratio

MIN_IMAGES = 4
"""Below this no standard error of Fisher's z is defined."""


def pearson(x: npt.ArrayLike, y: npt.ArrayLike) -> FloatArray:
    """Pearson's correlations along the last axis, (..., n) -> (...); nan for constant samples."""
    u, v = (centred(np.asarray(values, dtype=np.float64)) for values in (x, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (u * v).sum(axis=-1) / np.sqrt((u * u).sum(axis=-1) * (v * v).sum(axis=-1))
    return np.asarray(np.clip(found, -1, 1))


def williams(ra: npt.ArrayLike, rb: npt.ArrayLike, rab: npt.ArrayLike, n: int) -> Result:
    """Williams' t with n - 3 degrees of freedom, of Pearson correlations over n images."""
    from scipy.stats import t

    a, b, ab = _arrays(ra, rb, rab)
    if n < MIN_IMAGES:
        return _undefined(a)
    determinant = 1 - a * a - b * b - ab * ab + 2 * a * b * ab
    mean = (a + b) / 2
    square = 2 * determinant * (n - 1) / (n - 3) + mean**2 * (1 - ab) ** 3
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(square / ((n - 1) * (1 + ab)))
    statistic = ratio(a - b, error)
    return Result(statistic, 2 * t.sf(np.abs(statistic), n - 3))


def steiger(
    ra: npt.ArrayLike, rb: npt.ArrayLike, rab: npt.ArrayLike, n: int, *, ranks: bool = False
) -> Result:
    """Steiger's Z with pooled correlations, over n images; ``ranks`` for Spearman correlations."""
    a, b, ab = _arrays(ra, rb, rab)
    square = ((a + b) / 2) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = ab * (1 - 2 * square) - square / 2 * (1 - 2 * square - ab * ab)
        error = np.sqrt(2 - 2 * covariance / (1 - square) ** 2)
    return _by_z(a, b, error, n, ranks)


def meng(
    ra: npt.ArrayLike, rb: npt.ArrayLike, rab: npt.ArrayLike, n: int, *, ranks: bool = False
) -> Result:
    """Meng, Rosenthal and Rubin's Z, over n images; ``ranks`` for Spearman correlations."""
    a, b, ab = _arrays(ra, rb, rab)
    square = (a * a + b * b) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        f = np.minimum(1, (1 - ab) / (2 * (1 - square)))
        error = np.sqrt(2 * (1 - ab) * (1 - f * square) / (1 - square))
    return _by_z(a, b, error, n, ranks)


def fisher(ra: npt.ArrayLike, rb: npt.ArrayLike, n: int, *, ranks: bool = False) -> Result:
    """Fisher's z as if both models had been tested on n images of their own."""
    a, b, _ = _arrays(ra, rb, 0.0)
    return _by_z(a, b, np.full(a.shape, np.sqrt(2)), n, ranks)


def _by_z(a: FloatArray, b: FloatArray, error: FloatArray, n: int, ranks: bool) -> Result:
    """Compare Fisher's z; error is that of their difference, in units of one's own over n - 3."""
    from scipy.stats import norm

    if n < MIN_IMAGES:
        return _undefined(a)
    if ranks:
        error = error * np.sqrt(1 + ((a + b) / 2) ** 2 / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = np.where(a == b, 0.0, np.arctanh(a) - np.arctanh(b))
    statistic = ratio(difference, error / np.sqrt(n - 3))
    return Result(statistic, 2 * norm.sf(np.abs(statistic)))


def _arrays(*values: npt.ArrayLike) -> list[FloatArray]:
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))


def _undefined(like: FloatArray) -> Result:
    nothing = np.full(like.shape, np.nan)
    return Result(nothing, nothing)
