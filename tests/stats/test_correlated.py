"""Published values: those that the R package cocor is tested with, and their sources."""

import warnings

import numpy as np
import pytest
from scipy import stats

from iqabench.stats.correlated import fisher, meng, pearson, steiger, williams

# Silver, Hittner and May, "A FORTRAN 77 program for comparing dependent correlations", Applied
# Psychological Measurement 30, 2006: r = .3 and .4, .5 between the predictors, n = 100.
SILVER = [(williams, -1.0767, 0.2843), (steiger, -1.0718, 0.2838), (meng, -1.0707, 0.2843)]

# May and Hittner, "A note on statistics for comparing dependent correlations", Psychological
# Reports 80, 1997: Meng's Z over n = 50 for correlations .0 to .8 between the predictors.
MAY = {
    (0.5, 0.2): [1.62, 1.70, 1.80, 1.91, 2.06, 2.245, 2.50, 2.87, 3.50],
    (0.7, 0.4): [2.03, 2.10, 2.20, 2.32, 2.47, 2.66, 2.94, 3.35, 4.05],
}


def normal(seed, n=400, repetitions=1):
    """Labels and two predictions whose errors correlate, (repetitions, n)."""
    rng = np.random.default_rng(seed)
    y, common, *own = rng.normal(size=(4, repetitions, n))
    return y, *(y + 0.4 * common + 0.4 * error for error in own)


@pytest.mark.parametrize(("test", "statistic", "p"), SILVER)
def test_published_program(test, statistic, p):
    found = test(0.3, 0.4, 0.5, 100)
    assert found.statistic == pytest.approx(statistic, abs=5e-5)
    assert found.p == pytest.approx(p, abs=5e-5)


@pytest.mark.parametrize(("pair", "expected"), MAY.items())
def test_mengs_z_of_may_and_hittner(pair, expected):
    between = np.arange(9) / 10
    np.testing.assert_allclose(meng(*pair, between, 50).statistic, expected, atol=5.1e-3)


def test_mengs_own_example():
    # Meng, Rosenthal and Rubin, 1992: Z = 1.68, one-sided p = .047.
    found = meng(0.63, -0.03, -0.19, 15)
    assert found.statistic == pytest.approx(1.68, abs=5e-3)
    assert found.p / 2 == pytest.approx(0.047, abs=5e-4)


def test_steigers_own_example():
    # Steiger, 1980, case A, p. 249; its -.8913 comes from a covariance rounded to .0042.
    assert steiger(0.4, 0.5, 0.1, 103).statistic == pytest.approx(-0.8887185, abs=5e-8)


def test_fishers_z_of_a_published_spreadsheet():
    found = fisher(0.4, 0.5, 100)  # stat-help.com/spreadsheets.html
    assert found.statistic == pytest.approx(-0.8751012342, abs=5e-11)
    assert found.p == pytest.approx(0.3815188256, abs=5e-11)


def test_the_factor_of_spearman_correlations_by_hand():
    # Both correlations near .6: the variance grows by 1 + .36 / 2 = 1.18, z shrinks by its root.
    for test in (steiger, meng):
        plain, ranks = (test(0.65, 0.55, 0.5, 80, ranks=ranks) for ranks in (False, True))
        assert plain.statistic / ranks.statistic == pytest.approx(np.sqrt(1.18))
    plain, ranks = (fisher(0.65, 0.55, 80, ranks=ranks) for ranks in (False, True))
    assert plain.statistic / ranks.statistic == pytest.approx(np.sqrt(1.18))


@pytest.mark.parametrize("test", [williams, steiger, meng])
def test_exchanging_the_models_turns_the_sign(test):
    first, second = test(0.9, 0.8, 0.7, 60), test(0.8, 0.9, 0.7, 60)
    assert first.statistic > 0
    assert first.statistic == -second.statistic
    assert first.p == second.p


@pytest.mark.parametrize("test", [williams, steiger, meng])
def test_the_same_predictions_do_not_differ(test):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tuple(map(float, test(0.9, 0.9, 1.0, 60))) == (0, 1)
        assert tuple(map(float, fisher(1.0, 1.0, 60))) == (0, 1)


@pytest.mark.parametrize("test", [williams, steiger, meng])
def test_too_few_images_have_no_test(test):
    assert np.isnan(test(0.9, 0.8, 0.7, 3).p)
    assert np.isfinite(test(0.9, 0.8, 0.7, 4).p)
    assert np.isnan(fisher(0.9, 0.8, 3).p)


def test_correlations_of_many_samples_equal_scipys():
    y, a, _ = normal(1, 30, 7)
    expected = [stats.pearsonr(one, other).statistic for one, other in zip(a, y, strict=True)]
    np.testing.assert_allclose(pearson(a, y), expected, rtol=0, atol=1e-12)


def test_sizes_on_normal_images():
    """The level holds where the assumptions do: within three standard errors of a share of .05."""
    y, a, b = normal(2, 100, 4000)
    found = pearson(a, y), pearson(b, y), pearson(a, b), 100
    for test in (williams, steiger, meng):
        assert abs((test(*found).p < 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 4000)
