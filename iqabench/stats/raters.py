"""Errors judged beside the raters' own: outlier ratio and RMSE* of ITU-T P.1401 (2020).

A label is the mean of some raters' scores, so its standard error is their standard deviation over
the root of their number. Predictions are mapped onto the scale of the labels first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray, finite_pair

Z95 = 1.96
"""Half of a 95% interval, in standard errors. The normal quantile for any number of raters, where
P.1401 takes Student's below 30; older papers take 2."""


def standard_error(sd: npt.ArrayLike, raters: npt.ArrayLike) -> FloatArray:
    """(n,) standard errors of labels, in their unit, from raters' deviations and numbers, (n,).

    Raises:
        ValueError: NaN, infinity, wrong shapes, a negative deviation, or fewer raters than 1.
    """
    sd, raters = finite_pair(sd, raters, ("sd", "raters"))
    if (sd < 0).any() or (raters < 1).any():
        raise ValueError("sd must not be negative, nor raters less than 1")
    return np.asarray(sd / np.sqrt(raters))


def outlier_ratio(mapped: npt.ArrayLike, quality: npt.ArrayLike, error: npt.ArrayLike) -> float:
    """Share of pictures whose prediction misses the label by more than 1.96 standard errors.

    A label without error (raters who all agree) makes an outlier of any other prediction. The
    ratio p has itself the standard error sqrt(p (1 - p) / n), for independent pictures.

    Args:
        mapped: (n,) predictions on the scale of the labels.
        quality: (n,) labels.
        error: (n,) standard errors of the labels, as of `standard_error`.

    Returns:
        A share in [0, 1]; nan of the empty sample.

    Raises:
        ValueError: NaN, infinity, wrong shapes, different lengths or a negative error.
    """
    miss, band = _miss_and_band(mapped, quality, error)
    return float((miss > band).mean()) if miss.size else np.nan


def rmse_star(
    mapped: npt.ArrayLike, quality: npt.ArrayLike, error: npt.ArrayLike, parameters: int = 4
) -> float:
    """Epsilon-insensitive RMSE: only what lies outside the labels' 95% intervals counts.

    ``sqrt(sum of max(0, |e| - 1.96 error)^2 / (n - d))`` with d fitted parameters.

    Args:
        mapped, quality, error: as of `outlier_ratio`.
        parameters: d of the mapping; 0 where predictions were not fitted to these labels.

    Returns:
        At least 0, in the labels' unit; nan where n is not above d.

    Raises:
        ValueError: as `outlier_ratio`.
    """
    miss, band = _miss_and_band(mapped, quality, error)
    if miss.size <= parameters:
        return np.nan
    outside = np.maximum(0, miss - band)
    return float(np.sqrt(outside @ outside / (miss.size - parameters)))


def _miss_and_band(
    mapped: npt.ArrayLike, quality: npt.ArrayLike, error: npt.ArrayLike
) -> tuple[FloatArray, FloatArray]:
    x, y = finite_pair(mapped, quality, ("mapped", "quality"))
    _, error = finite_pair(y, error, ("quality", "error"))
    if (error < 0).any():
        raise ValueError("error must not be negative")
    return np.abs(x - y), Z95 * error
