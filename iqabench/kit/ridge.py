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
    left_out: Values = np.empty(0)
    """(N,) qualities of the rows that were learnt from, each as the other rows predict it; (0,) if
    the penalty was given."""


def fit_ridge(features: Values, quality: Values) -> RidgeFit:
    """Learn from (N, F) features and (N,) qualities.

    Features are standardised by their mean and deviation over these N rows. The penalty is the one
    of :data:`ALPHAS` with the least squared error when each row is left out in turn, which the
    features' singular values give for all penalties at once (Golub, Heath, Wahba: Generalized
    cross-validation as a method for choosing a good ridge parameter, Technometrics 21(2), 1979).
    scikit-learn has the same regression, but what trains a network must not hang on its version.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    spread[spread == 0] = 1
    rows, directions, squares = _axes((features - mean) / spread)
    intercept = float(quality.mean())
    along = rows.T @ (quality - intercept)

    def missed(alpha: float) -> Values:
        shrunk = squares / (squares + alpha)
        residuals: Values = quality - intercept - rows @ (shrunk * along)
        own = (rows**2) @ shrunk + 1 / len(rows)  # a row's weight in its own prediction
        return residuals / np.maximum(1 - own, SELF)

    alpha = float(min(ALPHAS, key=lambda one: float((missed(one) ** 2).mean())))
    coefficients = directions @ (np.sqrt(squares) / (squares + alpha) * along)
    return RidgeFit(mean, spread, coefficients, intercept, alpha, quality - missed(alpha))


SELF = 1e-12
"""Least share of a prediction that other rows decide; where the penalty is too small, none do."""


def _axes(scaled: Values) -> tuple[Values, Values, Values]:
    """Singular vectors over rows (N, R) and over features (F, R), and squared singular values."""
    n, f = scaled.shape
    squares, vectors = np.linalg.eigh(scaled.T @ scaled if f <= n else scaled @ scaled.T)
    kept = squares > squares.max(initial=0) * NOTHING
    squares, vectors = squares[kept], vectors[:, kept]
    others = (scaled if f <= n else scaled.T) @ vectors / np.sqrt(squares)
    return (others, vectors, squares) if f <= n else (vectors, others, squares)


NOTHING = 1e-12
"""Share of the largest squared singular value below which one is rounding."""
