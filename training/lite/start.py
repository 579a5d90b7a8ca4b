"""Where training starts: a ridge regression on block statistics, and labels on its scale.

People's scores of different photographs can be compared. Labels of damage can be compared within
one content only: how good its undamaged photograph is, nobody has said. So damaged pictures enter
the regression as differences from the mean of their content, and afterwards their labels are moved
to the level at which the regression sees their content.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from biosiqnet_plugin.heads import FAR
from iqabench.data.tensors import picture_tensor, planes_of
from iqabench.engine.crops import normalise, test_views
from iqabench.kit.ridge import RidgeFit
from iqabench_datasets.biq2021 import SUBSETS

Values = NDArray[np.float64]
PENALTY = 3000.0
"""Chosen among 300, 1000, 3000 and 10000."""


def statistics(network: Any, dataset: Any, recipe: Any, names: list[str], kept: Path) -> Values:
    """(N, F) block statistics of whole pictures; kept in a file, since they take minutes."""
    if kept.exists():
        return np.load(kept).astype(np.float64)
    rows = []
    network.eval().to(memory_format=torch.channels_last)
    for done, name in enumerate(names, 1):
        view = test_views(planes_of(picture_tensor(dataset, name)), recipe)[:1]
        images = normalise(view, recipe).contiguous(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            rows.append(network._features(images)[0][0].float().numpy())
        if done % 500 == 0:
            click.echo(f"statistics of {done} of {len(names)} pictures", err=True)
    np.save(kept, np.stack(rows))
    return np.stack(rows).astype(np.float64)


def fit(rows: Values, table: pd.DataFrame, weight: float) -> RidgeFit:
    """The regression of the training part; ``weight`` is that of a damaged picture."""
    training = (table["part"] == "training").to_numpy()
    rated = training & table["kind"].isin(SUBSETS).to_numpy()
    damaged = training & ~rated
    mean, spread = rows[rated].mean(axis=0), rows[training].std(axis=0)
    spread[spread == 0] = 1
    scaled = ((rows - mean) / spread).clip(-FAR, FAR)
    quality = table["mos"].to_numpy()
    middle, centre = scaled[rated].mean(axis=0), quality[rated].mean()
    people, scores = scaled[rated] - middle, quality[rated] - centre
    contents = table.loc[damaged, "content"].to_numpy()
    inner = _differences(scaled[damaged], contents)
    labels = _differences(quality[damaged, None], contents)[:, 0]
    squares = people.T @ people + weight * inner.T @ inner + PENALTY * np.eye(len(mean))
    coefficients = np.linalg.solve(squares, people.T @ scores + weight * inner.T @ labels)
    return RidgeFit(mean, spread, coefficients, float(centre - middle @ coefficients), PENALTY)


def moved(rows: Values, table: pd.DataFrame, fitted: RidgeFit) -> Values:
    """Labels, (N,): people's scores as they are, those of damage moved content by content."""
    scaled = ((rows - fitted.mean) / fitted.spread).clip(-FAR, FAR)
    predicted = fitted.intercept + scaled @ fitted.coefficients
    quality, damaged = table["mos"].to_numpy(), ~table["kind"].isin(SUBSETS).to_numpy()
    missed = pd.Series(predicted - quality).groupby(table["content"]).transform("mean").to_numpy()
    return np.where(damaged, quality + missed, quality)


def _differences(rows: Values, contents: NDArray[Any]) -> Values:
    """Rows less the mean row of their content."""
    groups = np.unique(contents, return_inverse=True)[1]
    counts = np.bincount(groups)
    sums = np.zeros((len(counts), rows.shape[1]))
    np.add.at(sums, groups, rows)
    return rows - (sums / counts[:, None])[groups]
