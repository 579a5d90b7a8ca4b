"""Means over repeated random splits, whose training parts overlap.

Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 52, 2003.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import finite_pair


@dataclass(frozen=True)
class CorrectedT:
    """A mean over repeated splits, its corrected standard error, and the t-test that it is 0.

    ``t`` and ``p`` (two-sided) are nan where the values are all equal.
    """

    mean: float
    error: float
    t: float
    p: float
    df: int


def corrected_error(values: npt.ArrayLike, train: float, test: float) -> float:
    """Standard error of the mean over J repeated splits, ``sd sqrt(1/J + test / train)``.

    Repeated splits share most of their training parts, so that the usual ``sd / sqrt(J)`` goes to
    0 with J while the error does not.

    Args:
        values: (J,) one number per split.
        train, test: sizes of the two parts, in any one unit.

    Returns:
        In the values' unit; nan for fewer than 2 values.

    Raises:
        ValueError: NaN, infinity or another shape; sizes that are not above 0.
    """
    values, _ = finite_pair(values, values, ("values", "values"))
    if not (train > 0 and test > 0):
        raise ValueError(f"train and test must be above 0, not {train} and {test}")
    if values.size < 2:
        return np.nan
    return float(values.std(ddof=1) * np.sqrt(1 / values.size + test / train))


def corrected_t(differences: npt.ArrayLike, train: float, test: float) -> CorrectedT:
    """The corrected resampled t-test of differences between two models on the same J splits.

    Arguments and errors as of `corrected_error`; J - 1 degrees of freedom.
    """
    from scipy.stats import t as student

    values = np.asarray(differences, dtype=np.float64)
    error = corrected_error(values, train, test)
    mean = float(values.mean()) if values.size else np.nan
    df = max(values.size - 1, 0)
    if not error > 0:
        return CorrectedT(mean, error, np.nan, np.nan, df)
    return CorrectedT(mean, error, mean / error, float(2 * student.sf(abs(mean / error), df)), df)
