"""Three tests of a quality model that need no human scores.

Ma, Duanmu, Wu, Wang, Yong, Li and Zhang, "Waterloo Exploration Database: New Challenges for Image
Quality Assessment Models", IEEE TIP 26(2), 2017. Predictions are higher for better pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from iqabench.stats.agreement import MIN_SAMPLES, srocc
from iqabench.stats.logistic import finite_pair

_CELLS = 1 << 22
"""Pairs compared at once, so that memory stays bounded."""


@dataclass(frozen=True)
class Consistency:
    """A share or mean, nan where nothing could be judged, and over how many lists or pairs."""

    value: float
    count: int


def discriminability(pristine: npt.ArrayLike, distorted: npt.ArrayLike) -> float:
    """D-test: how well one threshold tells pristine pictures from distorted ones, in [1/2, 1].

    ``D = max_T R(T)`` with ``R(T) = 1/2 (|{p >= T}| / N_p + |{d < T}| / N_d)`` over N_p pristine
    predictions p and N_d distorted ones d: the mean of both classes' shares of correct decisions,
    at the best threshold, which the paper seeks for each model too.

    Args:
        pristine: (N_p,) predictions.
        distorted: (N_d,) predictions.

    Returns:
        D; nan where either is empty.

    Raises:
        ValueError: NaN, infinity or another shape.
    """
    p, d = (np.sort(finite_pair(values, values)[0]) for values in (pristine, distorted))
    if not (p.size and d.size):
        return np.nan
    thresholds = np.append(p, np.inf)  # between two p, a higher threshold only loses pristine ones
    kept = 1 - np.searchsorted(p, thresholds) / p.size
    found = np.searchsorted(d, thresholds) / d.size
    return float((kept + found).max() / 2)


def ranking_consistency(
    prediction: npt.ArrayLike, level: npt.ArrayLike, lists: npt.ArrayLike
) -> Consistency:
    """L-test: whether predictions fall as a distortion grows, in [-1, 1].

    ``L_s = mean over lists of SROCC(-level, prediction)``; a list is one reference with one
    distortion. Lists with fewer than three different levels are left out. Equal predictions for a
    whole list rank nothing and count 0 (the paper does not say).

    Args:
        prediction: (n,) predictions.
        level: (n,) levels of distortion, higher worse.
        lists: (n,) which list each picture is of.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths.
    """
    prediction, level = finite_pair(prediction, level, ("prediction", "level"))
    names = np.asarray(lists)
    if names.shape != prediction.shape:
        raise ValueError(f"lists must be of shape {prediction.shape}, not {names.shape}")
    values = []
    for name in np.unique(names):
        inside = names == name
        if np.unique(level[inside]).size >= MIN_SAMPLES:
            values.append(np.nan_to_num(srocc(-level[inside], prediction[inside])))
    return Consistency(float(np.mean(values)) if values else np.nan, len(values))


def preference_consistency(
    prediction: npt.ArrayLike, quality: npt.ArrayLike, margin: float
) -> Consistency:
    """P-test: how often the better picture of a discriminable pair has the higher prediction.

    ``P = |{(i, j): x_i > x_j}| / M`` over the M pairs whose qualities differ by more than a margin,
    ``y_i - y_j > margin``. Equal predictions prefer neither and are wrong. The paper takes pairs
    that three full-reference measures all see so, on a common scale; one quality and its margin
    stand in for them here.

    Args:
        prediction: (n,) predictions x.
        quality: (n,) labels y, higher better.
        margin: at least 0, in the unit of quality.

    Raises:
        ValueError: NaN, infinity, wrong shapes, different lengths or a negative margin.
    """
    x, y = finite_pair(prediction, quality, ("prediction", "quality"))
    if not margin >= 0:
        raise ValueError(f"margin must be at least 0, not {margin}")
    pairs = concordant = 0
    step = max(1, _CELLS // max(x.size, 1))
    for start in range(0, x.size, step):
        rows = slice(start, start + step)
        better = y[rows, None] - y > margin
        pairs += int(better.sum())
        concordant += int((better & (x[rows, None] > x)).sum())
    return Consistency(concordant / pairs if pairs else np.nan, pairs)
