"""The significance test of the BioSIQNet paper, after its description; here to be compared with.

Residuals (prediction - label) of all runs are pooled. Where those of both models are normal, a t
test compares their means: paired for variants of one model, of independent samples for different
models. Where not, Wilcoxon's signed-rank test and the Mann-Whitney U test do. The paper does not
say how normality is judged; this takes a kurtosis of 2 to 4, the field's usual criterion (Sheikh,
Sabir and Bovik, IEEE TIP 15(11), 2006), which holds for samples of any size.

What it cannot do: signed residuals have the same mean for a good model and a bad one, and exactly
zero after a least-squares fit, where no t test can reject; different models see the same images
and are not independent; runs on the same images are no new images; nor are images of one content.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray

KURTOSIS = (2.0, 4.0)
"""Between these, residuals are taken to be normal; 3 is the normal's own."""

_NAMES = {
    (True, True): "paired t",
    (False, True): "Wilcoxon",
    (True, False): "independent t",
    (False, False): "Mann-Whitney",
}


class Pooled(NamedTuple):
    """A statistic, its two-sided p, and whether residuals were taken to be normal."""

    statistic: FloatArray
    p: FloatArray
    normal: npt.NDArray[np.bool_]


def pooled_residuals(a: npt.ArrayLike, b: npt.ArrayLike, *, variants: bool) -> Pooled:
    """The paper's test of two models' residuals.

    Args:
        a: (..., n) residuals over all runs.
        b: (..., n) residuals of the other model, in the same order.
        variants: whether both are variants of one model, which the paper pairs.
    """
    from scipy import stats

    first, second = (np.asarray(values, dtype=np.float64) for values in (a, b))
    shape = first.shape[:-1]
    statistic, p = np.zeros(shape), np.ones(shape)
    normal = _normal(first) & _normal(second)
    differ = (first != second).any(axis=-1)
    parametric = stats.ttest_rel if variants else stats.ttest_ind
    ranked = stats.wilcoxon if variants else stats.mannwhitneyu
    for test, rows, options in (
        (parametric, normal & differ, {}),
        (ranked, ~normal & differ, {"method": "asymptotic"}),
    ):
        if rows.any():
            found = test(first[rows], second[rows], axis=-1, **options)
            statistic[rows], p[rows] = found.statistic, found.pvalue
    return Pooled(statistic, p, normal)


def chosen_test(normal: bool, variants: bool) -> str:
    """Which of its four tests the procedure takes."""
    return _NAMES[normal, variants]


def _normal(values: FloatArray) -> npt.NDArray[np.bool_]:
    away = values - values.mean(axis=-1, keepdims=True)
    square = (away**2).mean(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kurtosis = (away**4).mean(axis=-1) / square**2
    return np.asarray((kurtosis >= KURTOSIS[0]) & (kurtosis <= KURTOSIS[1]))
