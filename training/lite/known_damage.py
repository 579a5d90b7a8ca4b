"""How scores answer to known damage of photographs that no training and no choice saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr

from iqabench.kit.distort import DISTORTIONS, distort

Picture = NDArray[np.uint8]
Scores = Callable[[Sequence[str], Sequence[Any]], pd.DataFrame]
STRENGTHS = (1.0, 1.57, 2.0, 2.71, 3.0, 3.86, 4.0, 5.0)
"""Levels at which damage is ranked; the whole ones have scores in KADID-10k."""
WHOLE = [STRENGTHS.index(level) for level in (1.0, 2.0, 3.0, 4.0, 5.0)]
RANKED = 0.9
"""Median rank correlation of score and strength from which a type counts as ranked."""
APART = 0.25
"""Difference of two of KADID-10k's means, on a scale from 0 to 1, from which the P-test has a
pair."""


def judge(
    names: Sequence[str], pictures: Sequence[Picture], kadid: NDArray[np.float64], scores: Scores
) -> None:
    """Print each type's ranks, agreement with KADID-10k's means, and the D-, L- and P-tests.

    Args:
        names: models.
        pictures: undamaged photographs.
        kadid: (25, 5) KADID-10k's means, 0 for the worst and 1 for the best.
        scores: gives columns ``model`` and ``better`` for models and pictures.
    """
    tables = _tables(names, pictures, scores)
    ranks = {name: _ranks(table) for name, table in tables.items()}
    for number, kind in enumerate(DISTORTIONS):
        line = "  ".join(f"{name} {ranks[name][number]:+.2f}" for name in names)
        click.echo(f"damage  {kind.slug:30s} {line}")
    clean = _by_model(names, scores(names, list(pictures)))
    ordered = np.array([kind.monotone for kind in DISTORTIONS])
    for name in names:
        whole = tables[name][:, :, WHOLE]
        click.echo(
            f"damage  {name:15s} at .9 or above: {(ranks[name][ordered] >= RANKED).sum()} of "
            f"{ordered.sum()} ordered types; KADID-10k's means over type and level: "
            f"{spearmanr(whole.mean(axis=1).ravel(), kadid.ravel())[0]:.3f}; "
            f"D-test {separation(clean[name], tables[name][ordered].ravel()):.3f}, "
            f"L-test {ranks[name][ordered].mean():.3f}, P-test {pairs(whole, kadid):.3f}"
        )


def at_other_sizes(name: str, pictures: Sequence[Picture], scores: Scores) -> None:
    """Print how many ordered types are ranked when damaged pictures are shown at other sizes."""
    ordered = np.array([kind.monotone for kind in DISTORTIONS])
    for what, factor in (("half", 0.5), ("double", 2.0)):
        ranks = _ranks(_tables([name], pictures, scores, factor)[name])
        good = (ranks[ordered] >= RANKED).sum()
        click.echo(f"damage  {name:15s} at {what} size: {good} of {ordered.sum()} ordered types")


def separation(clean: NDArray[np.float64], damaged: NDArray[np.float64]) -> float:
    """The D-test: mean share of clean and of damaged pictures on their sides of the best threshold.

    Ma et al.: Waterloo Exploration Database (IEEE TIP 26(2), 2017), as are the other two tests.
    """
    thresholds = np.unique(np.concatenate([clean, damaged]))
    above = 1 - np.searchsorted(np.sort(clean), thresholds) / len(clean)
    below = np.searchsorted(np.sort(damaged), thresholds) / len(damaged)
    return float(((above + below) / 2).max())


def pairs(scores: NDArray[np.float64], kadid: NDArray[np.float64]) -> float:
    """The P-test: the share of pairs that scores order as people do.

    A pair is one content damaged in two ways of which people call one clearly better.

    Args:
        scores: (25, contents, 5).
        kadid: (25, 5).
    """
    truth = kadid.ravel()
    first, second = np.nonzero(truth[:, None] - truth[None] >= APART)
    by_way = scores.transpose(1, 0, 2).reshape(scores.shape[1], -1)
    return float((by_way[:, first] > by_way[:, second]).mean())


def _tables(
    names: Sequence[str], pictures: Sequence[Picture], scores: Scores, factor: float = 1.0
) -> Mapping[str, NDArray[np.float64]]:
    """For each model the scores of damaged pictures, (types, contents, strengths)."""
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    for kind in DISTORTIONS:
        damaged = [
            shown(distort(picture, kind.id, level, seed=content), factor)
            for content, picture in enumerate(pictures)
            for level in STRENGTHS
        ]
        for name, own in _by_model(names, scores(names, damaged)).items():
            found[name].append(own.reshape(len(pictures), len(STRENGTHS)))
    return {name: np.stack(tables) for name, tables in found.items()}


def shown(picture: Picture, factor: float) -> Picture:
    """A picture resized by a factor."""
    if factor == 1:
        return picture
    image = Image.fromarray(picture)
    size = tuple(round(factor * side) for side in image.size)
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _by_model(names: Sequence[str], found: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {name: found.loc[found["model"] == name, "better"].to_numpy(float) for name in names}


def _ranks(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """(types,) median over contents of the rank correlation of score and harmlessness."""
    each = [[-spearmanr(row, STRENGTHS)[0] for row in contents] for contents in table]
    return np.nanmedian(each, axis=1)
