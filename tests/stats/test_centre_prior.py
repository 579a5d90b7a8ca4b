import numpy as np
import pytest
from scipy.stats import gaussian_kde

from iqabench.stats.centre_prior import GRID, centre_prior


def central(count, seed=0):
    """Places about the centre, independent along both axes."""
    places = np.random.default_rng(seed).normal(0.5, (0.1, 0.15), (count, 2))
    return places[((places >= 0) & (places < 1)).all(axis=1)]


def test_it_is_a_density_above_zero_of_the_pictures_size():
    found = centre_prior(central(300), (96, 130))
    assert found.shape == (96, 130)
    assert found.sum() == pytest.approx(1)
    assert found.min() > 0


def test_it_is_scotts_kernel_density():
    """scipy's, whose bandwidth holds the little correlation of the axes, too."""
    places = central(3000)
    centres = (np.arange(GRID) + 0.5) / GRID
    grid = np.stack(np.meshgrid(centres, centres, indexing="ij"))
    expected = gaussian_kde(places.T)(grid.reshape(2, -1)).reshape(GRID, GRID)
    expected /= expected.sum()
    found = centre_prior(places, (GRID, GRID))
    assert np.abs(found - expected).sum() < 0.02
    assert found.max() == pytest.approx(expected.max(), rel=0.03)


def test_a_fixation_more_is_spread_evenly():
    """All of 9 fixations lie far from the last cell, which so holds a tenth of 1 / cells."""
    found = centre_prior(np.full((9, 2), 0.1), (GRID, GRID))
    assert found[-1, -1] == pytest.approx(1 / 10 / GRID**2)


def test_mass_is_kept_at_the_border():
    """Reflected there: half of the places lie in the first of ten strips, as half of the mass."""
    places = np.random.default_rng(0).uniform(0, 1, (4000, 2))
    places[:2000, 0] *= 0.1
    found = centre_prior(places, (GRID * 10, GRID))
    assert found[: GRID * 5].sum() == pytest.approx(0.5 + 0.5 * 0.5, abs=0.02)


def test_it_scales_with_the_picture():
    places = central(500)
    wide, narrow = centre_prior(places, (256, 512)), centre_prior(places, (128, 64))
    assert np.abs(wide.reshape(128, 2, 64, 8).sum((1, 3)) - narrow).sum() < 0.01


def test_without_fixations_it_is_uniform():
    np.testing.assert_allclose(centre_prior(np.empty((0, 2)), (3, 5)), 1 / 15)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (300, 1)])
def test_small_pictures(size):
    found = centre_prior(central(50), size)
    assert found.shape == size
    assert found.sum() == pytest.approx(1)


def test_places_outside_are_refused():
    with pytest.raises(ValueError, match=r"\[0, 1\)"):
        centre_prior([[0.5, 1.0]], (8, 8))
