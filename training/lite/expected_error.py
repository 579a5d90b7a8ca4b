"""How far off the scores of such pictures are: a second regression on the same statistics.

People's scores of some kinds of pictures are harder to predict than of others. The regression
learns each training picture's kind by the mean error of that kind's pictures, whose scores come
from regressions that saw none of their scene.
"""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd
from calibrate import half_widths
from numpy.typing import NDArray
from scipy.linalg import solve
from start import PENALTY as PENALTY_OF_SCORES
from start import Rows, Values, standardised

from biosiqnet_plugin.heads import StatisticsHead
from iqabench.kit.ridge import RidgeFit
from iqabench_datasets.biq2021 import SUBSETS

PENALTY, FOLDS = 6_000.0, 5
"""The first was chosen by the cross-validation that docs/models/biosiqnet-lite.md shows."""


def learn_errors(
    head: StatisticsHead, rows: Rows, table: pd.DataFrame
) -> list[tuple[float, float]]:
    """Fit a head's expected error in place; returns expected error -> half an interval's width.

    Args:
        head: its regression is fitted already.
        rows: (N, F) block statistics.
        table: their N rows; those that people scored and that train count.
    """
    rated = ((table["part"] == "training") & table["kind"].isin(SUBSETS)).to_numpy()
    own = table[rated]
    mean, spread = head.mean.numpy(), head.spread.numpy()
    scaled = standardised(rows[rated], mean, spread)
    products = scaled @ scaled.T
    folds = np.array([zlib.crc32(scene.encode()) % FOLDS for scene in own["content"]])
    quality = own["mos"].to_numpy()
    missed = np.abs(left_out(products, quality, folds, PENALTY_OF_SCORES) - quality)
    typical = pd.Series(missed).groupby(own["kind"].to_numpy()).transform("mean").to_numpy()
    coefficients = scaled.T @ _weights(products, typical, PENALTY)
    fitted = RidgeFit(mean, spread, coefficients, float(typical.mean()), PENALTY)
    head.start_errors(fitted)
    return half_widths(left_out(products, typical, folds, PENALTY), missed)


def left_out(products: Values, wanted: Values, folds: NDArray[np.int64], penalty: float) -> Values:
    """What a ridge regression says of each row, (N,), that has learnt from the other folds.

    Args:
        products: (N, N) of the standardised rows.
        wanted: (N,) what is learnt.
        folds: (N,) the fold of each row.
        penalty: of the regression.
    """
    found = np.empty(len(wanted))
    for fold in np.unique(folds):
        others, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        weights = _weights(products[np.ix_(others, others)], wanted[others], penalty)
        found[held] = wanted[others].mean() + products[np.ix_(held, others)] @ weights
    return found


def _weights(products: Values, wanted: Values, penalty: float) -> Values:
    """Of the rows whose sum is the regression's coefficients."""
    system = products.astype(np.float64)
    system[np.diag_indices(len(system))] += penalty
    found: Values = solve(system, wanted - wanted.mean(), assume_a="pos", overwrite_a=True)
    return found
