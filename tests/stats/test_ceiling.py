import numpy as np
import pytest

from iqabench.stats import ceiling


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0])
def test_normal_scores_have_the_ceilings_of_theory(noise):
    """True scores of variance 1 and noise s: reliability r = 1 / (1 + s^2); PLCC of truth and panel
    sqrt(r), of two panels r; SROCC 6/pi asin(PLCC / 2) as of all bivariate normal samples."""
    random = np.random.default_rng(0)
    quality = random.normal(size=4000) + noise * random.normal(size=4000)
    found = ceiling(quality, np.full(4000, noise), draws=50)
    reliability = 1 / (1 + noise**2)
    assert found.reliability == pytest.approx(reliability, abs=0.03)
    for expected, plcc, srocc in (
        (np.sqrt(reliability), found.plcc, found.srocc),
        (reliability, found.panel_plcc, found.panel_srocc),
    ):
        assert plcc == pytest.approx(expected, abs=0.02)
        assert srocc == pytest.approx(6 / np.pi * np.arcsin(expected / 2), abs=0.02)


def test_noise_of_the_published_scores_is_not_counted_twice():
    """PLCC's ceiling is the root of the reliability for any shape of scores."""
    quality = np.repeat([1.0, 2.0, 5.0], 500)
    found = ceiling(quality, np.full(1500, 0.9), draws=100)
    assert found.plcc == pytest.approx(np.sqrt(1 - 0.81 / quality.var(ddof=1)), abs=0.003)


def test_a_perfect_model_reaches_the_ceiling_and_no_more():
    """Simulated apart from the code: a model that knows the truth, judged by one panel."""
    random = np.random.default_rng(1)
    truth = random.uniform(1, 5, 3000)
    error = random.uniform(0.2, 0.6, 3000)
    seen = truth + error * random.normal(size=3000)
    reached = np.corrcoef(truth, seen)[0, 1]
    assert ceiling(seen, error).plcc == pytest.approx(reached, abs=0.01)


def test_labels_without_error_have_no_ceiling_below_one():
    found = ceiling([1, 2, 2, 4, 5], [0] * 5, draws=2)
    assert (found.srocc, found.panel_plcc, found.reliability) == pytest.approx((1, 1, 1))


def test_the_seed_decides():
    quality, error = np.arange(20.0), np.full(20, 3.0)
    assert ceiling(quality, error) == ceiling(quality, error)
    assert ceiling(quality, error) != ceiling(quality, error, seed=1)


@pytest.mark.parametrize(
    ("quality", "error"),
    [([], []), ([1, 2], [0, 0]), ([3, 3, 3, 3], [1, 1, 1, 1]), ([1, 2, 3, 4], [9, 9, 9, 9])],
)
def test_where_nothing_but_noise_is_left_nothing_is_said(quality, error):
    found = ceiling(quality, error)
    assert np.isnan([found.srocc, found.plcc, found.panel_srocc, found.reliability]).all()


@pytest.mark.parametrize(
    ("quality", "error", "draws"),
    [([1, np.nan, 3], [1, 1, 1], 5), ([1, 2, 3], [1, -1, 1], 5), ([1, 2, 3], [1, 1, 1], 0)],
)
def test_what_is_no_sample_is_refused(quality, error, draws):
    with pytest.raises(ValueError):
        ceiling(quality, error, draws=draws)
