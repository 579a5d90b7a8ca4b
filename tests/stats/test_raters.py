import numpy as np
import pytest

from iqabench.stats import outlier_ratio, rmse_star, standard_error


def test_standard_error_by_hand():
    """1 / sqrt(4), 0 / sqrt(9), 6 / sqrt(36)."""
    assert standard_error([1, 0, 6], [4, 9, 36]).tolist() == [0.5, 0, 1]


@pytest.mark.parametrize(
    ("sd", "raters"), [([-1], [4]), ([1], [0]), ([np.nan], [4]), ([1], [1, 2])]
)
def test_what_is_no_deviation_is_refused(sd, raters):
    with pytest.raises(ValueError):
        standard_error(sd, raters)


def test_outlier_ratio_by_hand():
    """Errors 1, 2, 3, 4 beside bands of 1.96: the last three lie outside."""
    quality = [10, 10, 10, 10]
    assert outlier_ratio([11, 12, 7, 14], quality, [1, 1, 1, 1]) == 0.75
    # A band that ends exactly at the prediction holds it.
    assert outlier_ratio([1.96], [0], [1]) == 0


def test_rmse_star_by_hand():
    """What exceeds 1.96: 0, .04, 1.04, 2.04, 0, 0; sum of squares 5.2448, over 6 - 4."""
    mapped, quality = [11, 12, 7, 14, 10, 10], [10] * 6
    expected = np.sqrt(5.2448 / 2)
    assert rmse_star(mapped, quality, [1] * 6) == pytest.approx(expected, rel=1e-12)
    assert rmse_star(mapped, quality, [1] * 6, parameters=0) == pytest.approx(
        np.sqrt(5.2448 / 6), rel=1e-12
    )


def test_labels_without_error_leave_the_plain_figures():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 50))
    none = np.zeros(50)
    assert outlier_ratio(x, y, none) == 1
    assert rmse_star(x, y, none, 0) == pytest.approx(np.sqrt(np.mean((x - y) ** 2)), rel=1e-12)


def test_normal_noise_alone_makes_one_outlier_in_twenty():
    """P(|z| > 1.96) = .0500; binomial sd of 40,000 draws is .0011."""
    noise = np.random.default_rng(1).normal(size=40_000)
    assert outlier_ratio(noise, 0 * noise, 1 + 0 * noise) == pytest.approx(0.05, abs=0.005)


def test_constant_tied_and_tiny_samples():
    assert outlier_ratio([5, 5, 5], [5, 5, 5], [0, 0, 0]) == 0
    assert np.isnan(outlier_ratio([], [], []))
    assert rmse_star([5] * 5, [5] * 5, [0] * 5) == 0
    assert np.isnan(rmse_star([1, 2, 3, 4], [1, 2, 3, 4], [1] * 4))  # 4 points, 4 parameters


@pytest.mark.parametrize("function", [outlier_ratio, rmse_star])
@pytest.mark.parametrize(
    ("mapped", "quality", "error"),
    [
        ([np.nan], [1], [1]),
        ([1], [np.inf], [1]),
        ([1], [1], [np.nan]),
        ([1], [1], [-1]),
        ([1, 2], [1], [1]),
        ([1], [1], [1, 1]),
    ],
)
def test_what_is_no_sample_is_refused(function, mapped, quality, error):
    with pytest.raises(ValueError):
        function(mapped, quality, error)
