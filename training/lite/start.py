"""Where training starts: a ridge regression on block statistics, and labels on its scale.

People's scores of different photographs can be compared. Labels of damage can be compared within
one content only: how good its undamaged photograph is, nobody has said. So damaged pictures enter
the regression as differences from the mean of their content, and afterwards their labels are moved
to the level at which the regression sees their content.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.linalg import solve

from biosiqnet_plugin.heads import FAR
from iqabench.kit.ridge import RidgeFit
from iqabench_datasets.biq2021 import SUBSETS

Values = NDArray[np.float64]
Rows = NDArray[np.floating[Any]]
PENALTY, DAMAGED = 60_000.0, 0.3
"""The second is the weight of a damaged picture; a picture that people scored has 1. Both were
chosen by cross-validation over scenes; docs/models/biosiqnet-lite.md has the trials."""
LEAST = 1e-4
"""Least deviation of a statistic: below it, half precision has few digits."""


def fit(rows: Rows, table: pd.DataFrame, penalty: float = PENALTY) -> RidgeFit:
    """The regression of the training part of (N, F) block statistics."""
    training = (table["part"] == "training").to_numpy()
    rated = training & table["kind"].isin(SUBSETS).to_numpy()
    damaged = training & ~rated
    mean = rows[rated].mean(axis=0, dtype=np.float64)
    spread = rows[training].std(axis=0, dtype=np.float64).clip(LEAST)
    scaled = standardised(rows, mean, spread)
    quality = table["mos"].to_numpy()
    middle, centre = scaled[rated].mean(axis=0), quality[rated].mean()
    people, scores = scaled[rated] - middle, quality[rated] - centre
    contents = table.loc[damaged, "content"].to_numpy()
    inner = _differences(scaled[damaged], contents)
    labels = _differences(quality[damaged, None], contents)[:, 0]
    # There are more statistics than pictures: the smaller of the two systems is solved.
    root = np.sqrt(DAMAGED)
    seen, wanted = np.vstack([people, root * inner]), np.concatenate([scores, root * labels])
    products = seen @ seen.T
    products[np.diag_indices(len(products))] += penalty
    coefficients = seen.T @ solve(products, wanted, assume_a="pos", overwrite_a=True)
    return RidgeFit(mean, spread, coefficients, float(centre - middle @ coefficients), penalty)


def moved(rows: Rows, table: pd.DataFrame, fitted: RidgeFit) -> Values:
    """Labels, (N,): people's scores as they are, those of damage moved content by content."""
    scaled = standardised(rows, fitted.mean, fitted.spread)
    predicted = fitted.intercept + scaled @ fitted.coefficients
    quality, damaged = table["mos"].to_numpy(), ~table["kind"].isin(SUBSETS).to_numpy()
    missed = pd.Series(predicted - quality).groupby(table["content"]).transform("mean").to_numpy()
    return np.where(damaged, quality + missed, quality)


def standardised(rows: Rows, mean: Rows, spread: Rows) -> Rows:
    """Rows as the head of the network scales and cuts them."""
    return ((rows - mean) / spread).clip(-FAR, FAR)


def _differences(rows: Values, contents: NDArray[Any]) -> Values:
    """Rows less the mean row of their content."""
    groups = np.unique(contents, return_inverse=True)[1]
    counts = np.bincount(groups)
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, groups, rows)
    return rows - (sums / counts[:, None])[groups]
