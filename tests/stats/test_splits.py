import numpy as np
import pytest
from scipy import stats

from iqabench.stats import corrected_error, corrected_t


def test_by_hand():
    """Mean 2.5, variance 5/3 (n - 1), factor 1/4 + 1/4 = 1/2: error sqrt(5/6), t = 2.5 / .9129;
    P(|t3| > 2.7386) = .0714 (R: 2 * pt(-2.7386, 3))."""
    found = corrected_t([1, 2, 3, 4], 80, 20)
    assert found.error == corrected_error([1, 2, 3, 4], 4, 1) == pytest.approx(np.sqrt(5 / 6))
    assert (found.mean, found.df) == (2.5, 3)
    assert found.t == pytest.approx(2.7386, abs=1e-4)
    assert found.p == pytest.approx(0.0714, abs=2e-4)


def test_without_a_test_part_it_is_the_plain_test():
    values = np.random.default_rng(0).normal(0.3, 1, 12)
    plain = stats.ttest_1samp(values, 0)
    found = corrected_t(values, 1e12, 1e-12)
    assert (found.t, found.p) == pytest.approx((plain.statistic, plain.pvalue), rel=1e-9)


def test_more_splits_of_the_same_data_do_not_make_the_error_vanish():
    """1000 splits at 80/20: sd sqrt(.001 + .25), no less than half of sd."""
    values = np.random.default_rng(1).normal(size=1000)
    assert corrected_error(values, 8, 2) == pytest.approx(values.std(ddof=1) * np.sqrt(0.251))


def test_its_size_on_overlapping_training_parts():
    """Nadeau and Bengio's model: J values of variance 1 with correlation test / (test + train)
    have a mean of variance 1/J + (1 - 1/J) rho; the plain t-test rejects far too often there."""
    random = np.random.default_rng(2)
    rho, splits, draws = 0.2, 10, 4000
    values = np.sqrt(rho) * random.normal(size=(draws, 1))
    values = values + np.sqrt(1 - rho) * random.normal(size=(draws, splits))
    corrected = np.mean([corrected_t(row, 8, 2).p < 0.05 for row in values])
    plain = np.mean(stats.ttest_1samp(values, 0, axis=1).pvalue < 0.05)
    assert plain > 0.2
    assert 0.02 < corrected < 0.07


def test_constant_and_tiny_samples():
    same = corrected_t([2, 2, 2], 8, 2)
    assert (same.mean, same.error) == (2, 0) and np.isnan([same.t, same.p]).all()
    assert np.isnan(corrected_error([1], 8, 2)) and np.isnan(corrected_t([1], 8, 2).p)
    assert np.isnan(corrected_t([], 8, 2).mean)


@pytest.mark.parametrize(
    ("values", "train", "test"), [([1, np.nan], 8, 2), ([[1, 2]], 8, 2), ([1, 2], 0, 2)]
)
def test_what_is_no_sample_is_refused(values, train, test):
    with pytest.raises(ValueError):
        corrected_t(values, train, test)
