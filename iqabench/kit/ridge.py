"""Ridge regression on standardised features, its penalty chosen by leaving rows out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
ALPHAS = np.logspace(-1, 6, 29)
"""Strengths of the penalty among which a fit chooses."""


class RidgeFit(NamedTuple):
    """A linear model: quality = intercept + coefficients @ ((features - mean) / spread)."""

    mean: Values
    """(F,) means of the features."""
    spread: Values
    """(F,) standard deviations of the features; 1 where a feature is constant."""
    coefficients: Values
    """(F,), on standardised features."""
    intercept: float
    alpha: float
    """The penalty that was chosen."""


def fit_ridge(features: Values, quality: Values) -> RidgeFit:
    """Learn from (N, F) features and (N,) qualities.

    Features are standardised by their mean and deviation over these N rows. The penalty is the one
    of :data:`ALPHAS` with the least squared error when each row is left out in turn (Golub, Heath,
    Wahba: Generalized cross-validation as a method for choosing a good ridge parameter,
    Technometrics 21(2), 1979).
    """
    from sklearn.linear_model import RidgeCV  # not needed where a fit is only loaded

    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1
    fitted = RidgeCV(ALPHAS).fit((features - mean) / spread, quality)
    return RidgeFit(mean, spread, fitted.coef_, float(fitted.intercept_), float(fitted.alpha_))
