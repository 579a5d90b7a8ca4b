import subprocess
import sys
import warnings
from importlib import import_module

import numpy as np
import pytest
from scipy import stats

from iqabench.stats import (
    LogisticFit,
    LogisticFitError,
    agreement,
    fit_logistic,
    krocc,
    plcc,
    rmse,
    srocc,
)
from iqabench.stats.centring import Unit

CORRELATIONS = [srocc, plcc, krocc]
SCIPY = {
    srocc: lambda x, y: stats.spearmanr(x, y).statistic,
    plcc: lambda x, y: stats.pearsonr(x, y).statistic,
    krocc: lambda x, y: stats.kendalltau(x, y).statistic,
}


def related(seed, n=200, slope=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, 50 + 10 * np.tanh(slope * x) + rng.normal(scale=4, size=n)


@pytest.mark.parametrize("statistic", CORRELATIONS)
@pytest.mark.parametrize("decimals", [15, 1, 0])  # 1 and 0 make ties
@pytest.mark.parametrize("n", [3, 4, 10, 301])
def test_correlations_equal_scipy(statistic, decimals, n):
    x, y = related(n + decimals, n)
    x, y = np.round(x, decimals), np.round(y, decimals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of a constant sample and gives nan, as we do
        expected = SCIPY[statistic](x, y)
    assert statistic(x, y) == pytest.approx(expected, abs=1e-12, nan_ok=True)


def test_hand_calculation_with_ties():
    # ranks of x: 1, 2.5, 2.5, 4; of y: 1, 3, 2, 4. Deviations from 2.5: (-1.5, 0, 0, 1.5) and
    # (-1.5, .5, -.5, 1.5): 4.5 / sqrt(4.5 * 5) = sqrt(.9).
    # Pairs: 5 concordant, 0 discordant, 1 tied in x: 5 / sqrt(5 * 6).
    x, y = [1, 2, 2, 3], [10, 30, 20, 40]
    assert srocc(x, y) == pytest.approx(np.sqrt(0.9), abs=1e-15)
    assert krocc(x, y) == pytest.approx(5 / np.sqrt(30), abs=1e-15)


def test_rmse_hand_calculation():
    # differences 3, 4, 0: sqrt(25 / 3)
    assert rmse([3, 4, 5], [0, 0, 5]) == pytest.approx(np.sqrt(25 / 3))


def test_rmse_is_defined_for_constant_and_tiny_samples():
    assert rmse([1.0], [3.0]) == 2.0
    assert rmse([1.0, 1.0], [1.0, 1.0]) == 0.0
    assert np.isnan(rmse([], []))


@pytest.mark.parametrize("statistic", CORRELATIONS)
def test_sign_survives(statistic):
    x, y = related(1)
    assert statistic(-x, y) == pytest.approx(-statistic(x, y), abs=1e-14)
    assert statistic(-x, y) < -0.5


@pytest.mark.parametrize("statistic", CORRELATIONS)
@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([], []),
        ([1.0], [2.0]),
        ([1.0, 2.0], [1.0, 2.0]),
        ([0.1] * 7, range(7)),  # the mean of seven 0.1 is not 0.1: computed variance is not zero
        (range(7), [0.1] * 7),
    ],
)
def test_undefined_correlations_are_nan_without_warning(statistic, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(statistic(x, y))


@pytest.mark.parametrize("statistic", [*CORRELATIONS, rmse])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite_is_refused_by_name(statistic, bad):
    good = [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(ValueError, match=r"^x holds NaN or infinity in 1 of 4 places"):
        statistic([1.0, bad, 3.0, 4.0], good)
    with pytest.raises(ValueError, match=r"^y holds NaN"):
        statistic(good, [1.0, bad, 3.0, 4.0])
    with pytest.raises(ValueError, match=r"^quality holds NaN"):
        agreement(good, [1.0, bad, 3.0, 4.0])


@pytest.mark.parametrize("statistic", [*CORRELATIONS, rmse])
def test_wrong_shapes_are_refused(statistic):
    with pytest.raises(ValueError, match="equally long, not 3 and 4"):
        statistic([1, 2, 3], [1, 2, 3, 4])
    with pytest.raises(ValueError, match="x must be one-dimensional"):
        statistic([[1, 2, 3]], [1, 2, 3])


def test_extreme_scales_keep_their_correlation():
    x, y = related(2)
    assert plcc(x * 1e200, y * 1e-200) == pytest.approx(plcc(x, y), abs=1e-12)


def test_huge_and_tiny_errors_have_an_rmse():
    # differences 3, 4, 0 in another unit: sqrt(25 / 3), whose square no float holds
    assert rmse([3e300, 4e300, 5e300], [0, 0, 5e300]) == pytest.approx(np.sqrt(25 / 3) * 1e300)
    assert rmse([3e-300, 4e-300, 0], [0, 0, 0]) == pytest.approx(np.sqrt(25 / 3) * 1e-300)


def outlier(mapping, size):
    x, y = related(6)
    plain = agreement(x, y, mapping=mapping)
    return plain, agreement([*x, size], [*y, y.max()], mapping=mapping)


@pytest.mark.parametrize("mapping", ["logistic4", "logistic5"])
@pytest.mark.parametrize("size", [1e3, 1e6, 1e12, 1e300])
def test_an_outlier_leaves_the_mapped_values_of_the_others(mapping, size):
    # The curve ends flat: one more picture, very good and rated so, changes next to nothing.
    plain, found = outlier(mapping, size)
    assert found.mapping_failure is None
    assert found.plcc_mapped == pytest.approx(plain.plcc_mapped, abs=0.01)
    assert found.rmse_mapped == pytest.approx(plain.rmse_mapped, abs=0.2)


@pytest.mark.parametrize(("mapping", "parameters"), [("logistic4", 4), ("logistic5", 5)])
def test_agreement_gathers_every_statistic(mapping, parameters):
    x, y = related(3)
    result = agreement(x, y, mapping=mapping)
    mapped = fit_logistic(x, y, parameters=parameters)(x)
    assert result.srocc == srocc(x, y)
    assert result.plcc == plcc(x, y)
    assert result.krocc == krocc(x, y)
    assert result.rmse == rmse(x, y)
    assert result.plcc_mapped == pytest.approx(stats.pearsonr(mapped, y).statistic, abs=1e-12)
    assert result.rmse_mapped == pytest.approx(np.sqrt(np.mean((mapped - y) ** 2)), rel=1e-12)
    assert (result.n, result.mapping, result.mapping_failure) == (200, mapping, None)


def test_mapping_helps_a_saturating_model():
    result = agreement(*related(4, slope=3.0))
    assert result.plcc_mapped > result.plcc + 0.02
    assert result.rmse_mapped < result.rmse


def test_reversed_predictions_show_in_every_raw_sign_and_in_the_direction():
    x, y = related(5)
    result = agreement(-x, y)
    assert max(result.srocc, result.plcc, result.krocc) < 0
    assert result.plcc_mapped > 0
    assert result.mapping_rises is False
    assert agreement(x, y).mapping_rises is True


@pytest.mark.parametrize(
    ("prediction", "quality", "reason"),
    [
        ([], [], "0 samples are too few for 4 parameters"),
        ([1.0, 2.0, 3.0], [1.0, 3.0, 2.0], "3 samples are too few for 4 parameters"),
        ([2.0] * 9, range(9), "x is constant"),
        (range(9), [2.0] * 9, "y is constant"),
    ],
)
def test_failed_mapping_has_its_reason(prediction, quality, reason):
    result = agreement(prediction, quality)
    assert result.mapping_failure == reason
    assert np.isnan(result.plcc_mapped)
    assert np.isnan(result.rmse_mapped)
    assert result.mapping_rises is None
    assert result.n == len(prediction)
    with pytest.raises(LogisticFitError, match=reason):
        fit_logistic(prediction, quality)


def test_flat_curve_is_a_named_failure(monkeypatch):
    # The optimiser seldom ends on an exactly horizontal line: give it one, at the mean.
    plain = Unit(exponent=0, pivot=0.0, centre=0.0, spread=1.0)
    flat = LogisticFit((2.5, 2.5, 0.0, 1.0), plain, plain, parameters=4, converged=True)
    module = import_module("iqabench.stats.agreement")  # the package's attribute is the function
    monkeypatch.setattr(module, "fitted", lambda x, y, mapping: flat)
    result = agreement([1, 2, 3, 4], [1, 2, 3, 4])
    assert np.isnan(result.plcc_mapped)
    assert "flat" in result.mapping_failure
    assert result.mapping_rises is None
    assert result.rmse_mapped == pytest.approx(np.sqrt(1.25))  # variance of 1, 2, 3, 4


@pytest.mark.parametrize("mapping", ["logistic4", "logistic5"])
def test_predictions_that_say_nothing(mapping):
    # Two predictions with equal mean labels: the best curve explains nothing.
    result = agreement([0, 1] * 4, [1, 1, 2, 2, 3, 3, 4, 4], mapping=mapping)
    assert np.isnan(result.plcc_mapped) or abs(result.plcc_mapped) < 1e-3
    assert result.rmse_mapped == pytest.approx(np.sqrt(1.25))


def test_perfect_predictions():
    quality = np.linspace(1, 5, 30)
    result = agreement(quality, quality)
    assert (result.srocc, result.plcc, result.krocc, result.rmse) == pytest.approx((1, 1, 1, 0))
    assert result.plcc_mapped == pytest.approx(1, abs=1e-9)
    assert result.rmse_mapped < 1e-6


def test_without_a_mapping_mapped_values_are_the_raw_ones():
    x, y = related(7)
    result = agreement(-x, y, mapping="none")
    assert result.plcc_mapped == result.plcc < 0
    assert (result.rmse_mapped, result.mapping_rises) == (result.rmse, True)
    assert agreement([], [], mapping="none").mapping_failure is not None


def test_unknown_mapping_is_refused():
    with pytest.raises(ValueError, match="mapping must be one of logistic4, logistic5, none"):
        agreement([1, 2, 3], [1, 2, 3], mapping="3p")


def test_import_is_light():
    heavy = "{'scipy', 'pandas', 'torch'} & set(sys.modules)"
    code = f"import sys, iqabench.stats; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
