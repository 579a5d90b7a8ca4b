"""Paired comparisons of two models by content: images of one content err together, contents do not.

All tests take differences of contents: a content's mean loss under one model less that under the
other, (..., contents) with any number of samples before the last axis. Each content counts once,
whatever its number of images.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray
from iqabench.stats.significance import ALPHA, Result, ratio

MIN_CONTENTS = 6
"""Below this no test that assumes symmetry alone can reach 5%: 2 / 2^5 is 0.0625."""

EXACT_CONTENTS = 16
"""Up to here all 2^contents signs are tried; beyond, a sample of them."""

_CELLS = 1 << 20  # random signs held at once


def content_means(
    values: npt.ArrayLike, contents: npt.ArrayLike, groups: npt.ArrayLike | None = None
) -> FloatArray:
    """The mean of each content's values, contents in sorted order.

    With groups, the mean of the result is the unweighted mean over groups of the mean over a
    group's contents: a content counts in each group in which it has values, with the weight C /
    (G n) for a group with n of all C contents, where G is the number of groups. Where every content
    is in every group, that is the mean of a content's means in the groups.

    Args:
        values: (n,) values.
        contents: (n,) labels.
        groups: (n,) labels; None takes all values as one group.

    Returns:
        (C,) means.
    """
    of_content, column = np.unique(np.asarray(contents), return_inverse=True)
    where = np.zeros_like(column) if groups is None else np.unique(groups, return_inverse=True)[1]
    cells, cell = np.unique(np.stack([where, column]), axis=1, return_inverse=True)
    cell = cell.reshape(-1)  # numpy 2.0 alone gives it a second axis
    means = np.bincount(cell, np.asarray(values, dtype=np.float64)) / np.bincount(cell)
    inside = np.bincount(cells[0])
    weight = of_content.size / (inside.size * inside[cells[0]])
    return np.asarray(np.bincount(cells[1], means * weight))


def content_t(differences: npt.ArrayLike) -> Result:
    """Student's one-sample t of the contents' mean loss differences; nan below 2 contents."""
    from scipy.stats import t

    values = np.asarray(differences, dtype=np.float64)
    n = values.shape[-1]
    if n < 2:
        return _undefined(values)
    statistic = ratio(values.mean(axis=-1), values.std(axis=-1, ddof=1) / np.sqrt(n))
    return Result(statistic, 2 * t.sf(np.abs(statistic), n - 1))


def sign_flip(differences: npt.ArrayLike, *, flips: int = 99_999, seed: int = 0) -> Result:
    """Sign-flip test of the mean (Fisher, The Design of Experiments, 1935, section 21).

    p is the share of sign patterns whose mean is at least as far from 0 as the one observed: of all
    2^n patterns up to :data:`EXACT_CONTENTS` contents, beyond of ``flips`` random ones and the one
    observed (Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9, 2010).

    Args:
        differences: (..., contents).
        flips: random patterns.
        seed: of those.
    """
    values = np.asarray(differences, dtype=np.float64)
    n = values.shape[-1]
    if not n:
        return _undefined(values)
    rows = values.reshape(-1, n)
    level = np.abs(rows.sum(axis=1)) * (1 - 1e-12)  # the same terms in another order are a tie
    exact = n <= EXACT_CONTENTS
    tried = reached = 0 if exact else 1
    for signs in [_all_signs(n)] if exact else _random_signs(n, flips, seed):
        reached = reached + (np.abs(rows @ signs.T) >= level[:, None]).sum(axis=1)
        tried += len(signs)
    p = np.asarray(reached / tried)
    return Result(values.mean(axis=-1), p.reshape(values.shape[:-1]))


def contents_needed(tests: int) -> int:
    """Contents without which :func:`sign_flip` cannot reject in a family of that many tests.

    p is at least 2 / 2^n over n contents, and Holm's rule multiplies the smallest by their number.
    """
    return max(MIN_CONTENTS, math.ceil(1 + math.log2(max(tests, 1) / ALPHA)))


def cohens_d(differences: npt.ArrayLike) -> FloatArray:
    """Paired effect size over contents: mean difference / standard deviation (n - 1).

    Cohen's d_z (Statistical Power Analysis, 1988, section 2.3.5). nan below 2 contents.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.shape[-1] < 2:
        return np.full(values.shape[:-1], np.nan)
    return ratio(values.mean(axis=-1), values.std(axis=-1, ddof=1))


def _all_signs(n: int) -> FloatArray:
    """(2^(n-1), n): one of each pattern and its opposite, whose means are equally far from 0."""
    patterns = np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1
    return np.asarray(1.0 - 2.0 * patterns)


def _random_signs(n: int, flips: int, seed: int) -> Iterator[FloatArray]:
    """(flips, n) in parts of bounded size; each image may be a content of its own."""
    rng = np.random.default_rng(seed)
    step = max(1, _CELLS // n)
    for start in range(0, flips, step):
        drawn = rng.integers(2, size=(min(step, flips - start), n))
        yield np.asarray(1.0 - 2.0 * drawn)


def _undefined(values: FloatArray) -> Result:
    nothing = np.full(values.shape[:-1], np.nan)
    return Result(nothing, nothing)
