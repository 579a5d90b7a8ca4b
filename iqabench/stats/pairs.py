"""How well a model tells pairs of pictures apart that people tell apart.

Krasula, Fliegel, Le Callet and Klima, "On the accuracy of objective image and video quality models:
New methodology for performance evaluation", QoMEX 2016. Two pictures are *different* where their
labels differ by more than z standard errors of the difference, else *similar*. No mapping, and no
common scale of predictions and labels, is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray, finite_pair

Z = 1.645
"""The paper's: P(different) above .95, one-sided. A public implementation takes 2."""
MOST_PAIRS = 200_000
"""Of more pairs a random sample of so many is judged."""
_CELLS = 2**21


@dataclass(frozen=True)
class Krasula:
    """The three figures, nan where a kind of pairs is missing, and the pairs behind them.

    Attributes:
        auc_ds: how well the predicted difference's size tells different pairs from similar, [0, 1].
        auc_bw: how well the signed difference tells which of a different pair is better, [0, 1].
        c0: share of different pairs whose better picture has the higher prediction; ties are wrong.
        different, similar: numbers of pairs.
    """

    auc_ds: float
    auc_bw: float
    c0: float
    different: int
    similar: int


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures, (P,) each: their places, how they differ and whether people see it."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    gap: FloatArray
    """Prediction of the one with the higher label minus that of the other."""
    different: npt.NDArray[np.bool_]


def pairs_of(
    prediction: npt.ArrayLike,
    quality: npt.ArrayLike,
    error: npt.ArrayLike,
    z: float = Z,
    seed: int = 0,
) -> Pairs:
    """All pairs of n pictures, or a random sample of 200,000 of them.

    Args:
        prediction: (n,), higher better.
        quality: (n,) labels, higher better.
        error: (n,) standard errors of the labels.
        z: standard errors of a difference, above which it is seen.
        seed: of the sample.

    Raises:
        ValueError: NaN, infinity, wrong shapes, different lengths, a negative error or z.
    """
    x, y = finite_pair(prediction, quality, ("prediction", "quality"))
    _, error = finite_pair(y, error, ("quality", "error"))
    if (error < 0).any() or not z >= 0:
        raise ValueError("error and z must not be negative")
    first, second = _places(x.size, seed)
    apart = y[first] - y[second]
    seen = np.abs(apart) > z * np.hypot(error[first], error[second])
    return Pairs(first, second, np.where(apart < 0, -1, 1) * (x[first] - x[second]), seen)


def krasula(
    prediction: npt.ArrayLike,
    quality: npt.ArrayLike,
    error: npt.ArrayLike,
    z: float = Z,
) -> Krasula:
    """AUC different/similar, AUC better/worse and C0; arguments and errors as of `pairs_of`."""
    pairs = pairs_of(prediction, quality, error, z)
    ((ds, bw, c0),) = judged(pairs, np.ones((1, np.asarray(prediction).size), dtype=np.int32))
    different = int(pairs.different.sum())
    return Krasula(float(ds), float(bw), float(c0), different, pairs.different.size - different)


def judged(pairs: Pairs, counts: npt.NDArray[np.integer]) -> FloatArray:
    """(R, 3) AUC different/similar, AUC better/worse and C0 of R resamples.

    A pair counts as often as both its pictures are drawn together; a picture drawn twice makes no
    pair with itself. Pairs share pictures and contents, so that contents must be drawn, not pairs.

    Args:
        pairs: of n pictures.
        counts: (R, n) how often each picture occurs in each resample.
    """
    size, seen = np.abs(pairs.gap), pairs.different
    signed = pairs.gap[seen]
    better = np.repeat([True, False], signed.size)
    found = np.empty((len(counts), 3))
    step = max(1, _CELLS // max(pairs.gap.size, 1))
    for start in range(0, len(counts), step):
        part = counts[start : start + step].astype(np.float64)
        weights = part[:, pairs.first] * part[:, pairs.second]
        both = np.tile(weights[:, seen], 2)  # in both orders, or the order of pairs would decide
        found[start : start + step] = np.column_stack(
            [
                _auc(size, seen, weights),
                _auc(np.concatenate([signed, -signed]), better, both),
                _share(signed > 0, weights[:, seen]),
            ]
        )
    return found


def _places(n: int, seed: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    total = n * (n - 1) // 2
    if total <= MOST_PAIRS:
        return np.tril_indices(n, -1)
    drawn = np.random.default_rng(seed).choice(total, MOST_PAIRS, replace=False, shuffle=False)
    # Pair number i (i - 1) / 2 + j is (i, j), j < i.
    first = ((np.sqrt(8.0 * drawn + 1) + 1) / 2).astype(np.intp)
    return first, drawn - first * (first - 1) // 2


def _auc(values: FloatArray, positive: npt.NDArray[np.bool_], weights: FloatArray) -> FloatArray:
    """(R,) areas under the ROC of values weighted by (R, P); ties count half."""
    if not values.size:
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    weights = weights[:, order]
    hits = np.add.reduceat(np.where(positive[order], weights, 0), starts, axis=1)
    others = np.add.reduceat(np.where(positive[order], 0, weights), starts, axis=1)
    below = np.cumsum(others, axis=1) - others / 2
    return _ratio((hits * below).sum(axis=1), hits.sum(axis=1) * others.sum(axis=1))


def _share(right: npt.NDArray[np.bool_], weights: FloatArray) -> FloatArray:
    return _ratio(weights @ right.astype(np.float64), weights.sum(axis=1))


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)
