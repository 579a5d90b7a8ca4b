"""Several models on several data sets: Friedman's test, and which ranks differ after it.

Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006. Blocks are
data sets, which are independent; seeds and folds of one set are not, and average into one score.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray

MIN_MODELS, MIN_BLOCKS = 3, 2
ALPHA = 0.05
DRAWS = 9999
"""Random rankings behind a permutation p where there are more than so many rankings in all."""
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Friedman:
    """Whether models rank alike.

    Attributes:
        ranks: (k,) mean ranks, 1 the best; equal scores share the mean of their ranks.
        chi2, p: Friedman's statistic, corrected for ties, and its p by chi-squared with k - 1
            degrees of freedom, which is too rough for few blocks.
        f, p_f: Iman and Davenport's F with k - 1 and (k - 1)(N - 1) degrees of freedom; infinite,
            and 0, where all blocks rank alike.
        p_permuted: the share of rankings, each block's shuffled by itself, whose chi2 is as high:
            all of them where they are few, else 9999 random ones and the observed one. It holds
            for any number of blocks.
    """

    ranks: tuple[float, ...]
    chi2: float
    p: float
    f: float
    p_f: float
    p_permuted: float


def friedman(scores: npt.ArrayLike, *, seed: int = 0) -> Friedman:
    """Friedman's test of (N, k) scores, higher better, of k models on N blocks.

    Where every block has all models equal, statistics and p are nan.

    Raises:
        ValueError: NaN, infinity, another shape, fewer than 3 models or 2 blocks.
    """
    from scipy.stats import chi2 as chi2_distribution
    from scipy.stats import f as f_distribution

    ranks = block_ranks(scores)
    blocks, models = ranks.shape
    mean = tuple(ranks.mean(axis=0).tolist())
    chi2 = _chi2(ranks.sum(axis=0), ranks)
    if np.isnan(chi2):
        return Friedman(mean, *[np.nan] * 5)
    room = blocks * (models - 1) - chi2
    f = (blocks - 1) * chi2 / room if room > _TOLERANCE else np.inf
    return Friedman(
        mean,
        chi2,
        float(chi2_distribution.sf(chi2, models - 1)),
        f,
        float(f_distribution.sf(f, models - 1, (models - 1) * (blocks - 1))),
        _permuted(ranks, chi2, seed),
    )


def block_ranks(scores: npt.ArrayLike) -> FloatArray:
    """(N, k) ranks within each row, 1 the highest score; equal scores share their mean rank.

    Raises:
        ValueError: as `friedman`.
    """
    from scipy.stats import rankdata

    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < MIN_BLOCKS or table.shape[1] < MIN_MODELS:
        raise ValueError(
            f"scores must be of {MIN_BLOCKS} blocks x {MIN_MODELS} models or more, "
            f"not of shape {table.shape}"
        )
    if not np.isfinite(table).all():
        raise ValueError("scores holds NaN or infinity")
    return np.asarray(rankdata(-table, axis=1))


def critical_difference(models: int, blocks: int, alpha: float = ALPHA) -> float:
    """Nemenyi's: mean ranks that differ by more belong to models that differ, at level alpha.

    ``q sqrt(k (k + 1) / 6 N)``, q the studentized range's quantile for k models and infinite
    degrees of freedom over sqrt(2). All pairs together keep the level.
    """
    from scipy.stats import studentized_range

    q = studentized_range.ppf(1 - alpha, models, np.inf) / np.sqrt(2)
    return float(q * _rank_error(models, blocks))


def nemenyi(ranks: npt.ArrayLike, blocks: int) -> FloatArray:
    """(k, k) p values of all pairs of (k,) mean ranks over ``blocks`` blocks, by Nemenyi's test."""
    from scipy.stats import studentized_range

    mean = np.asarray(ranks, dtype=np.float64)
    apart = np.abs(mean[:, None] - mean) / _rank_error(mean.size, blocks)
    return np.asarray(studentized_range.sf(apart * np.sqrt(2), mean.size, np.inf))


def cliques(ranks: npt.ArrayLike, width: float) -> list[tuple[int, ...]]:
    """The largest sets of models, best first, whose mean ranks lie within ``width``.

    Sets of one are left out, and sets inside others.
    """
    mean = np.asarray(ranks, dtype=np.float64)
    order = np.argsort(mean, kind="stable")
    found: list[tuple[int, ...]] = []
    end = 0
    for start, model in enumerate(order):
        inside = int((mean[order] <= mean[model] + width).sum())
        if inside > max(end, start + 1):
            found.append(tuple(order[start:inside].tolist()))
        end = max(end, inside)
    return found


def _rank_error(models: int, blocks: int) -> float:
    return float(np.sqrt(models * (models + 1) / (6 * blocks)))


def _chi2(sums: FloatArray, ranks: FloatArray) -> float:
    """Friedman's statistic of (k,) rank sums; nan where all ranks are tied.

    ``(k - 1) sum (R - N (k + 1) / 2)^2 / (sum r^2 - N k (k + 1)^2 / 4)``, which is the textbook's
    where there are no ties.
    """
    return float(_chi2_of(sums[None], ranks)[0])


def _chi2_of(sums: FloatArray, ranks: FloatArray) -> FloatArray:
    blocks, models = ranks.shape
    spread = (ranks**2).sum() - blocks * models * (models + 1) ** 2 / 4
    if spread < _TOLERANCE:
        return np.full(len(sums), np.nan)
    away = ((sums - blocks * (models + 1) / 2) ** 2).sum(axis=1)
    return np.asarray((models - 1) * away / spread)


def _permuted(ranks: FloatArray, chi2: float, seed: int) -> float:
    blocks, models = ranks.shape
    if factorial(models) ** (blocks - 1) <= DRAWS:
        as_high = _chi2_of(_all_sums(ranks), ranks) >= chi2 - _TOLERANCE
        return float(as_high.mean())
    random = np.random.default_rng(seed)
    shuffled = random.permuted(np.broadcast_to(ranks, (DRAWS, *ranks.shape)), axis=2)
    as_high = _chi2_of(shuffled.sum(axis=1), ranks) >= chi2 - _TOLERANCE
    return float((1 + as_high.sum()) / (1 + DRAWS))


def _all_sums(ranks: FloatArray) -> FloatArray:
    """Rank sums of every ranking; the first block may stay as it is, for models have no order."""
    sums = ranks[:1]
    for block in ranks[1:]:
        shuffled = np.array(list(permutations(block)))
        sums = (sums[:, None] + shuffled).reshape(-1, ranks.shape[1])
    return sums
