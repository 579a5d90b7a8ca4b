import io
import re
from functools import cache

import numpy as np
import pytest
import torch
from lumas import THOUSANDTHS, ties
from scipy import ndimage, stats
from skimage import data
from sklearn.datasets import load_sample_image
from sklearn.svm import SVR

from iqabench.contract import DataError
from iqabench_nss.brisque import Brisque, brisque_features
from iqabench_nss.nss import fit_aggd, fit_ggd, gray_levels, halve, mscn

PHOTOS = {
    "astronaut": data.astronaut,
    "chelsea": data.chelsea,
    "coffee": data.coffee,
    "china": lambda: load_sample_image("china.jpg"),
    "flower": lambda: load_sample_image("flower.jpg"),
}
DISTORTIONS = {
    "noisy": lambda photo: photo + np.random.default_rng(0).normal(0, 20, photo.shape),
    "blurred": lambda photo: ndimage.gaussian_filter(photo, (2, 2, 0)),
    "pristine": lambda photo: photo,
}


def to_tensor(photo):
    return torch.tensor(photo).permute(2, 0, 1)[None].float() / 255


pytestmark = pytest.mark.usefixtures("one_thread")


@cache
def gray_photo(name, distortion="pristine"):
    """Grey levels with even sides, where every implementation halves alike."""
    photo = PHOTOS[name]()[:300, :400].astype(np.float64)
    distorted = np.clip(DISTORTIONS[distortion](photo), 0, 255).round()
    return gray_levels(to_tensor(distorted))[0]


def piq_features(gray):
    brisque = pytest.importorskip("piq.brisque", reason="needs piq to compare with")
    image = torch.from_numpy(gray).double()[None, None]
    half = brisque.imresize(image, sizes=(image.size(2) // 2, image.size(3) // 2)).double()
    scales = [brisque._natural_scene_statistics(plane) for plane in (image, half)]
    return torch.cat(scales, dim=1)[0].numpy()


def pyiqa_features(gray):
    brisque = pytest.importorskip("pyiqa.archs.brisque_arch", reason="needs pyiqa to compare with")
    image = torch.from_numpy(gray).double()[None, None]
    half = brisque.imresize(image, scale=0.5, antialiasing=True).double()
    scales = [brisque.natural_scene_statistics(plane) for plane in (image, half)]
    return torch.cat(scales, dim=1)[0].numpy()


@pytest.mark.parametrize("distortion", DISTORTIONS)
@pytest.mark.parametrize("name", PHOTOS)
def test_features_equal_those_of_pyiqa(name, distortion):
    gray = gray_photo(name, distortion)
    np.testing.assert_allclose(brisque_features(gray), pyiqa_features(gray), rtol=1e-3, atol=5e-6)


def test_features_of_colour_images_equal_those_of_pyiqa(distorted):
    expected = pyiqa_features(gray_levels(distorted)[0])
    np.testing.assert_allclose(Brisque().features(distorted)[0], expected, rtol=1e-3, atol=5e-6)


# In perfectly flat regions piq counts the signs of rounding noise.
FLAT = {"china": 3e-2, "flower": 3e-3, "coffee": 3e-3, "astronaut": 3e-3, "chelsea": 1e-3}


@pytest.mark.parametrize("distortion", DISTORTIONS)
@pytest.mark.parametrize("name", PHOTOS)
def test_features_equal_those_of_piq(name, distortion):
    gray, tolerance = gray_photo(name, distortion), 1e-3 if distortion == "noisy" else FLAT[name]
    np.testing.assert_allclose(brisque_features(gray), piq_features(gray), tolerance, atol=5e-6)


def test_features_of_colour_images_are_those_of_their_grey_levels():
    left, right = data.coffee()[:96, :128], data.coffee()[:96, 128:256]
    images = torch.cat([to_tensor(left), to_tensor(right)])
    features = Brisque().features(images)
    assert features.shape == (2, 36)
    assert features.dtype == np.float64
    for row, gray in zip(features, gray_levels(images), strict=True):
        np.testing.assert_array_equal(row, brisque_features(gray))


def test_no_images_have_no_features():
    assert Brisque().features(torch.empty(0, 3, 32, 32)).shape == (0, 36)


def test_features_of_a_transposed_image_swap_horizontal_and_vertical():
    gray = gray_photo("chelsea")
    features, swapped = brisque_features(gray), brisque_features(gray.T)
    for scale in (0, 18):
        np.testing.assert_allclose(features[scale : scale + 2], swapped[scale : scale + 2], 1e-5)
        horizontal, vertical = slice(scale + 2, scale + 6), slice(scale + 6, scale + 10)
        np.testing.assert_allclose(features[horizontal], swapped[vertical], rtol=1e-4)
        np.testing.assert_allclose(features[vertical], swapped[horizontal], rtol=1e-4)


@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(16, 16), (17, 33), (64, 48)])
def test_features_of_constant_images_are_finite(level, shape):
    assert np.isfinite(brisque_features(np.full(shape, level, np.float32))).all()


@pytest.mark.parametrize("shape", [(16, 16), (16, 17), (19, 90)])
def test_features_of_tiny_images_are_finite(shape):
    gray = np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)
    assert np.isfinite(brisque_features(gray)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 64), (15, 64), (64, 15)])
def test_too_small_images_are_refused(shape):
    with pytest.raises(DataError, match=re.escape("x".join(map(str, shape)))) as refused:
        brisque_features(np.zeros(shape, np.float32))
    assert refused.value.hint


def assert_gray_levels_are_those_of(to_y_channel):
    """Both round to the nearest level; at ties, which processors round apart, to either."""
    for photo in PHOTOS.values():
        image, luma = to_tensor(photo()), photo() @ THOUSANDTHS / 1000
        ours, theirs, tied = gray_levels(image)[0], to_y_channel(image, 255)[0, 0], ties(photo())
        np.testing.assert_array_equal(ours[~tied], theirs[~tied])
        for levels in (ours, theirs.numpy()):
            assert (np.abs(levels - luma)[tied] == 0.5).all()


def test_grey_levels_are_those_of_pyiqa():
    pyiqa = pytest.importorskip("pyiqa.utils.color_util", reason="needs pyiqa to compare with")
    assert_gray_levels_are_those_of(pyiqa.to_y_channel)


def test_grey_levels_are_equal_however_pyiqa_adds_luma_up(pyiqas_luma):
    assert_gray_levels_are_those_of(pyiqas_luma)


def test_grey_levels_are_whole():
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(gray_levels(to_tensor(colours))[0, 0], [76, 150, 29, 255])
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    np.testing.assert_array_equal(gray_levels(to_tensor(ramp))[0, 0], np.arange(256))


@pytest.mark.parametrize("border", ["constant", "edge"])
def test_mscn_follows_the_paper(border, plain_mscn):
    gray = gray_photo("coffee")
    coefficients = mscn(gray, border)
    assert coefficients.dtype == np.float32
    np.testing.assert_allclose(coefficients, plain_mscn(gray, border)[0], atol=1e-4, rtol=0)


def test_mscn_does_not_depend_on_where_an_image_is_cut():
    gray = gray_photo("chelsea")[:200]
    np.testing.assert_array_equal(mscn(gray)[40:150], mscn(gray[30:160])[10:120])


def test_flat_regions_leave_the_same_residue_unless_black(plain_mscn):
    gray = np.zeros((40, 80), np.float32)
    gray[:, 40:] = 200
    coefficients = mscn(gray, "edge")
    assert not coefficients[:, :37].any()
    assert np.unique(coefficients[:, 43:]).size == 1
    expected, _ = plain_mscn(gray, "edge")
    np.testing.assert_allclose(coefficients[:, 43:], expected[:, 43:], rtol=1e-3)


def bicubic_halving_matrix(size):
    """The definition of MATLAB's imresize by 0.5, one weight at a time."""

    def cubic(x):
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0

    matrix = np.zeros(((size + 1) // 2, size))
    for row in range(len(matrix)):
        for tap in range(2 * row - 4, 2 * row + 6):
            mirrored = -1 - tap if tap < 0 else min(tap, 2 * size - 1 - tap)
            matrix[row, mirrored] += cubic((2 * row + 0.5 - tap) / 2) / 2
    return matrix


@pytest.mark.parametrize("shape", [(16, 24), (17, 31), (300, 399)])
def test_halving_is_antialiased_bicubic(shape):
    gray = gray_photo("flower")[: shape[0], : shape[1]]
    expected = bicubic_halving_matrix(shape[0]) @ gray @ bicubic_halving_matrix(shape[1]).T
    np.testing.assert_allclose(halve(gray), expected, atol=1e-4)


def test_halving_keeps_a_constant_exactly():
    np.testing.assert_array_equal(
        halve(np.full((21, 32), 137.3, np.float32)), np.full((11, 16), 137.3, np.float32)
    )


@pytest.mark.parametrize("shape", [0.4, 1.0, 2.0, 5.0])
def test_ggd_fit_recovers_the_shape(shape):
    samples = stats.gennorm.rvs(shape, scale=3, size=(1000, 1000), random_state=0)
    fitted, sigma = fit_ggd(samples)
    assert fitted == pytest.approx(shape, rel=0.02)
    assert sigma == pytest.approx(stats.gennorm.std(shape, scale=3), rel=0.01)


@pytest.mark.parametrize("shape", [0.4, 1.0, 2.0])
@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (1.0, 2.0), (3.0, 0.5)])
def test_aggd_fit_recovers_shape_and_both_sides(shape, left, right):
    rng = np.random.default_rng(0)
    size = np.abs(stats.gennorm.rvs(shape, size=(1000, 1000), random_state=rng))
    size /= stats.gennorm.std(shape)
    # An asymmetric density is continuous at 0, so each side has mass in proportion to its width.
    samples = np.where(rng.random(size.shape) < left / (left + right), -left, right) * size
    fitted, fitted_left, fitted_right = fit_aggd(samples)
    assert fitted == pytest.approx(shape, rel=0.02)
    assert fitted_left == pytest.approx(left, rel=0.02)
    assert fitted_right == pytest.approx(right, rel=0.02)


def test_fits_take_many_planes_at_once():
    planes = np.random.default_rng(0).laplace(0.1, size=(3, 2, 50, 60)).astype(np.float32)
    for fit in (fit_ggd, fit_aggd):
        for together, alone in zip(
            fit(planes), zip(*map(fit, planes.reshape(6, 50, 60)), strict=True), strict=True
        ):
            np.testing.assert_allclose(together.ravel(), alone)


def test_fits_of_float32_are_as_accurate_as_of_float64():
    samples = np.random.default_rng(0).laplace(size=(700, 900)).astype(np.float32)
    for fit in (fit_ggd, fit_aggd):
        np.testing.assert_allclose(fit(samples), fit(samples.astype(np.float64)), rtol=1e-6)


def test_fits_of_one_sided_and_empty_samples():
    positive = np.random.default_rng(0).exponential(size=(50, 50))
    shape, left, right = fit_aggd(positive)
    mirrored_shape, mirrored_left, mirrored_right = fit_aggd(-positive)
    assert (shape, left, right) == (mirrored_shape, mirrored_right, mirrored_left)
    assert left == 0
    assert fit_aggd(np.zeros((5, 5))) == (0.2, 0, 0)
    assert fit_ggd(np.zeros((5, 5))) == (0.2, 0)


@pytest.fixture(scope="module")
def training_part():
    """Features like BRISQUE's, one of them constant, and qualities that depend on them."""
    rng = np.random.default_rng(0)
    hidden = rng.standard_normal((300, 4))
    features = np.tanh(hidden @ rng.standard_normal((4, 36))) * rng.uniform(0.01, 10, 36)
    features[:, 7] = 0.3
    quality = 1 / (1 + np.exp(hidden[:, 0] - hidden[:, 1] ** 2))
    return features[:200], quality[:200], features[200:], quality[200:]


def test_predictions_equal_scikit_learn(training_part):
    features, quality, others, _ = training_part
    model = Brisque()
    model.fit(features, quality)
    low, high = features.min(axis=0), features.max(axis=0)
    varies = high > low
    scaled = 2 * ((np.vstack([features, others]) - low) / np.where(varies, high - low, 1)) - 1
    scaled[:, ~varies] = 0
    svr = SVR(C=1024, gamma=0.05, epsilon=0.1).fit(scaled[: len(features)], 100 * quality)
    predicted = model.predict(np.vstack([features, others]))
    np.testing.assert_allclose(predicted, svr.predict(scaled) / 100, atol=1e-10, rtol=0)
    same = SVR(C=10.24, gamma=0.05, epsilon=0.001, tol=1e-5).fit(scaled[: len(features)], quality)
    np.testing.assert_allclose(predicted, same.predict(scaled), atol=1e-4)


def test_the_fit_generalises(training_part):
    features, quality, others, truth = training_part
    model = Brisque()
    model.fit(features, quality)
    assert stats.spearmanr(model.predict(others), truth).statistic > 0.9


def test_constant_features_are_ignored(training_part):
    features, quality, others, _ = training_part
    model = Brisque()
    model.fit(features, quality)
    changed = others.copy()
    changed[:, 7] = 99
    np.testing.assert_array_equal(model.predict(changed), model.predict(others))


def test_state_round_trip_without_pickle(training_part):
    features, quality, others, _ = training_part
    model, restored = Brisque(), Brisque()
    model.fit(features, quality)
    buffer = io.BytesIO()
    np.savez(buffer, **model.state())
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as arrays:
        restored.load_state(dict(arrays))
    np.testing.assert_array_equal(restored.predict(others), model.predict(others))


def test_an_unfitted_model_says_so():
    with pytest.raises(RuntimeError, match="fit or load_state"):
        Brisque().predict(np.zeros((1, 36)))
    with pytest.raises(RuntimeError, match="fit or load_state"):
        Brisque().state()
