import warnings

import numpy as np
import pytest
from scipy import stats

from iqabench.stats.variances import pitman_morgan, variance_ratio

# Zar, Biostatistical Analysis, example 9.1: lengths of a deer's hind and fore legs. R's
# PairedData::pitman.morgan.test gives t = -0.65591, df = 8, p = 0.5303.
HIND = [142, 140, 144, 144, 142, 146, 149, 150, 142, 148]
FORE = [138, 136, 147, 139, 143, 141, 143, 145, 136, 146]


def test_pitman_morgan_of_a_textbook():
    found = pitman_morgan(HIND, FORE)
    assert found.statistic == pytest.approx(-0.65591, abs=5e-6)
    assert found.p == pytest.approx(0.5303, abs=5e-5)


def test_pitman_morgan_is_a_test_of_a_correlation():
    a, b = np.random.default_rng(0).normal(size=(2, 5, 40)) * [[[1]], [[1.4]]]
    expected = [stats.pearsonr(x - y, x + y).pvalue for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(pitman_morgan(a, b).p, expected, rtol=1e-9)


def test_variance_ratio_of_the_textbook_by_hand():
    # Variances 11.5667 and 16.2667 with 9 degrees of freedom each.
    found = variance_ratio(HIND, FORE)
    assert found.statistic == pytest.approx(11.56667 / 16.26667, abs=1e-6)
    assert found.p == pytest.approx(2 * stats.f(9, 9).cdf(11.56667 / 16.26667), abs=1e-6)


@pytest.mark.parametrize("test", [pitman_morgan, variance_ratio])
def test_the_larger_variance_decides_the_sign(test):
    small, large = np.random.default_rng(1).normal(size=(2, 200)) * [[1], [2]]
    none = 1 if test is variance_ratio else 0
    assert test(large, small).statistic > none > test(small, large).statistic
    assert test(large, small).p == pytest.approx(test(small, large).p)
    assert test(large, small).p < 1e-9


@pytest.mark.parametrize("test", [pitman_morgan, variance_ratio])
def test_the_same_residuals_do_not_differ(test):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert test(HIND, HIND).p == pytest.approx(1)


def test_too_few_images_have_no_test():
    assert np.isnan(pitman_morgan([1.0, 2.0], [2.0, 4.0]).p)
    assert np.isnan(variance_ratio([1.0], [2.0]).p)
