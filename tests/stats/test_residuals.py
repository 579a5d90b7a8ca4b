import numpy as np
import pytest
from scipy import stats

from iqabench.stats.residuals import chosen_test, pooled_residuals


def residuals(kind, shift=0.2, n=300):
    """Residuals of two models: normal, or of Student's t with 3 degrees of freedom."""
    rng = np.random.default_rng(4)
    draw = {"normal": rng.normal, "heavy": lambda size: rng.standard_t(3, size)}[kind]
    return draw(size=n), draw(size=n) + shift


@pytest.mark.parametrize(
    ("kind", "variants", "test", "name"),
    [
        ("normal", True, stats.ttest_rel, "paired t"),
        ("normal", False, stats.ttest_ind, "independent t"),
        ("heavy", True, stats.wilcoxon, "Wilcoxon"),
        ("heavy", False, stats.mannwhitneyu, "Mann-Whitney"),
    ],
)
def test_the_four_tests_are_scipys(kind, variants, test, name):
    a, b = residuals(kind)
    found = pooled_residuals(a, b, variants=variants)
    assert chosen_test(bool(found.normal), variants) == name
    assert found.p == pytest.approx(test(a, b).pvalue, rel=1e-9)
    assert found.statistic == pytest.approx(test(a, b).statistic)


def test_one_heavy_sample_is_enough_for_ranks():
    (a, _), (_, b) = residuals("normal"), residuals("heavy")
    assert not pooled_residuals(a, b, variants=True).normal
    assert not pooled_residuals(b, a, variants=True).normal


def test_rows_are_judged_one_by_one():
    rows = [np.stack(pair) for pair in zip(residuals("normal"), residuals("heavy"), strict=True)]
    found = pooled_residuals(*rows, variants=True)
    assert found.normal.tolist() == [True, False]
    for row, kind in enumerate(("normal", "heavy")):
        assert found.p[row] == pooled_residuals(*residuals(kind), variants=True).p


def test_kurtosis_by_hand():
    # Two points have kurtosis 1, evenly spread ones 1.8: neither is normal.
    two, even = np.tile([-1.0, 1.0], 20), np.linspace(-1, 1, 40)
    assert not pooled_residuals(two, -two, variants=True).normal
    assert not pooled_residuals(even, -even, variants=True).normal


@pytest.mark.parametrize("variants", [True, False])
def test_the_same_residuals_do_not_differ(variants):
    a, _ = residuals("normal")
    assert pooled_residuals(a, a, variants=variants).p == 1


def test_a_fit_with_a_constant_leaves_nothing_to_a_t_test():
    """Its fault: one model is four times as far off, and both have residuals of mean zero."""
    a, b = residuals("normal", shift=0)
    a, b = a - a.mean(), 4 * (b - b.mean())
    for variants in (True, False):
        assert pooled_residuals(a, b, variants=variants).p > 0.99
