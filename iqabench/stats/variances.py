"""Whether two models' residuals have the same variance.

Residuals are those left by the logistic mapping, (..., n) with images along the last axis.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.correlated import pearson
from iqabench.stats.significance import Result


def pitman_morgan(a: npt.ArrayLike, b: npt.ArrayLike) -> Result:
    """t with n - 2 degrees of freedom of the correlation between a - b and a + b.

    It is zero where the variances are equal, however much a and b correlate (Pitman, Biometrika
    31, 1939; Morgan, ibid.). Positive where a varies more. nan below 3 images.
    """
    from scipy.stats import t

    first, second = (np.asarray(values, dtype=np.float64) for values in (a, b))
    n = first.shape[-1]
    r = pearson(first - second, first + second)
    r = np.where((first == second).all(axis=-1), 0.0, r)
    if n < 3:
        r = np.full(r.shape, np.nan)
    with np.errstate(divide="ignore"):
        statistic = r * np.sqrt((n - 2) / (1 - r * r))
    return Result(statistic, 2 * t.sf(np.abs(statistic), n - 2))


def variance_ratio(a: npt.ArrayLike, b: npt.ArrayLike) -> Result:
    """F = var a / var b with n - 1 and n - 1 degrees of freedom, two-sided.

    As in Sheikh, Sabir and Bovik, "A statistical evaluation of recent full reference image quality
    assessment algorithms", IEEE TIP 15(11), 2006. nan below 2 images.
    """
    from scipy.stats import f

    first, second = (np.asarray(values, dtype=np.float64) for values in (a, b))
    n = first.shape[-1]
    if n < 2:
        nothing = np.full(first.shape[:-1], np.nan)
        return Result(nothing, nothing)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = first.var(axis=-1, ddof=1) / second.var(axis=-1, ddof=1)
    ratio = np.where((first == second).all(axis=-1), 1.0, ratio)
    tail = np.minimum(f.cdf(ratio, n - 1, n - 1), f.sf(ratio, n - 1, n - 1))
    return Result(ratio, np.minimum(2 * tail, 1))
