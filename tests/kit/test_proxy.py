import numpy as np
import piq
import pytest
import torch
from skimage import data

from iqabench.kit.distort import distort
from iqabench.kit.proxy import ProxyQuality, proxy_quality


@pytest.fixture(scope="module")
def photo():
    return data.chelsea()[:160, 100:292]


def tensor(picture):
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].double() / 255


def test_an_equal_picture_has_full_quality(photo):
    assert proxy_quality(photo, photo) == pytest.approx(100, abs=1e-3)


def test_it_is_the_mean_of_two_measures(photo):
    worse = distort(photo, "jpeg", 4)
    pair = tensor(worse), tensor(photo)
    losses = float(piq.HaarPSILoss()(*pair)) + float(piq.MDSILoss()(*pair))  # both 0 at best
    assert proxy_quality(worse, photo) == pytest.approx(100 - 50 * losses, abs=1e-3)


@pytest.mark.parametrize("size", [(20, 16), (33, 47), (150, 201), (397, 390), (641, 700)])
def test_it_is_piqs_mean_at_odd_and_even_sizes_to_the_fourth_decimal(size):
    random = np.random.default_rng(size)
    reference = random.integers(0, 256, (*size, 3), dtype=np.uint8)
    noisy = np.clip(reference + random.normal(0, 20, reference.shape), 0, 255).astype(np.uint8)
    quality = ProxyQuality(reference)
    for worse in (noisy, np.ascontiguousarray(reference[::-1]), reference):
        pair = [tensor(picture) for picture in (worse, reference)]
        expected = 50 * float(piq.haarpsi(*pair) + 1 - piq.mdsi(*pair))
        assert quality(worse) == pytest.approx(min(100.0, expected), abs=1e-6)


@pytest.mark.parametrize("kind", ["gaussian-blur", "jpeg", "white-noise"])
def test_more_damage_is_less_quality(photo, kind):
    found = [proxy_quality(distort(photo, kind, level), photo) for level in range(1, 6)]
    assert all(np.diff(found) < 0)
    assert 0 < found[-1] < found[0] <= 100


def test_pictures_are_left_alone(photo):
    first, second = photo.copy(), distort(photo, "jpeg", 3)
    first.setflags(write=False)
    before = second.copy()
    proxy_quality(second, first)
    np.testing.assert_array_equal(second, before)
