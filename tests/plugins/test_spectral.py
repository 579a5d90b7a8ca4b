import math

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage import data

from iqabench.registry import registry
from iqabench_saliency.spectral import SpectralResidual


def saliency(picture):
    """The map of one (H, W, 3) float picture."""
    image = torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)[None]
    return SpectralResidual().saliency(image)[0, 0].numpy()


def photo(height=96, width=128):
    small = Image.fromarray(data.coffee()).resize((width, height), Image.Resampling.BOX)
    return np.asarray(small) / 255


def spots(*places, shape=(64, 64)):
    """Discs on a gentle gradient."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    picture = 0.3 + 0.1 * np.sin(x / 9) * np.cos(y / 7)
    for row, column in places:
        picture = np.where((y - row) ** 2 + (x - column) ** 2 < 16, 1.0, picture)
    return np.repeat(picture[..., None], 3, 2)


def directly(picture, margin=16):
    """Hou and Zhang's five lines, for a picture whose short side is 64, with a margin around it.

    ``imfilter``, which they smooth with, takes what is outside for zero.
    """
    grey = picture @ [0.299, 0.587, 0.114]
    wide = np.pad(grey - grey.mean(), margin, mode="reflect", reflect_type="odd")
    fall = np.sin(np.pi * (np.arange(margin) + 0.5) / (2 * margin)) ** 2
    window = [np.r_[fall, np.ones(side), fall[::-1]] for side in grey.shape]
    spectrum = np.fft.fft2(wide * np.outer(*window))
    amplitude = np.abs(spectrum)
    log_amplitude = np.log(amplitude + 2e-3 * amplitude.max())
    mean = ndimage.uniform_filter(log_amplitude, 3, mode="wrap")
    energy = np.abs(np.fft.ifft2(amplitude / np.exp(mean) * np.exp(1j * np.angle(spectrum)))) ** 2
    inside = energy[margin:-margin, margin:-margin]
    smooth = ndimage.gaussian_filter(inside, 2.5, mode="constant", radius=4)
    return smooth / smooth.max()


def five_lines(picture):
    """The same as published: the picture as a tile of many, without a floor."""
    grey = picture @ [0.299, 0.587, 0.114]
    spectrum = np.fft.fft2(grey)
    log_amplitude = np.log(np.abs(spectrum) + 1e-8)
    residual = log_amplitude - ndimage.uniform_filter(log_amplitude, 3, mode="wrap")
    energy = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    return ndimage.gaussian_filter(energy, 2.5, mode="constant", radius=4)


@pytest.mark.parametrize("shape", [(64, 64), (64, 91), (80, 64)])
def test_equals_the_paper_s_algorithm_on_the_extended_picture(shape):
    picture = photo(*shape)
    np.testing.assert_allclose(saliency(picture), directly(picture), atol=2e-4)


@pytest.mark.parametrize("sigma", [0, 2, 5, 8])
def test_blurred_pictures_do_not_draw_the_eye_to_their_border(sigma):
    """Of windows of photographs few have their maximum on the rim, which is 16% of their area."""
    random = np.random.default_rng(0)
    ours, theirs = [], []
    for number in range(24):
        source = (data.astronaut, data.coffee, data.chelsea)[number % 3]() / 255
        top, left = (int(random.integers(side - 192)) for side in source.shape[:2])
        window = source[top : top + 192, left : left + 192]
        blurred = ndimage.gaussian_filter(window, (sigma, sigma, 0)) if sigma else window
        ours.append(on_rim(saliency((blurred * 255).round() / 255)))
        theirs.append(on_rim(five_lines(blurred.reshape(64, 3, 64, 3, 3).mean((1, 3)))))
    assert np.mean(ours) <= 0.2
    assert np.mean(theirs) > 0.8 or sigma < 5


def on_rim(found):
    """Whether the maximum is within a 24th of the sides from a border."""
    return min(
        min(place, side - 1 - place) < side / 24
        for place, side in zip(
            np.unravel_index(found.argmax(), found.shape), found.shape, strict=True
        )
    )


@pytest.mark.parametrize("shape", [(96, 128), (40, 300), (513, 65)])
def test_range_and_shape(shape):
    found = saliency(photo(*shape))
    assert found.shape == shape
    assert found.min() >= 0
    assert found.max() == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (200, 1), (2, 3), (5, 640)])
@pytest.mark.parametrize("kind", ["black", "white", "grey", "random"])
def test_odd_pictures_have_finite_maps(shape, kind):
    value = {"black": 0.0, "white": 1.0, "grey": 0.4}.get(kind)
    picture = np.random.default_rng(0).random((*shape, 3)) if value is None else value
    found = saliency(np.broadcast_to(picture, (*shape, 3)))
    assert found.shape == shape
    assert np.isfinite(found).all()
    assert found.max() == 1
    if value is not None:
        assert found.min() > 1 - 1e-6  # the last bits are the resizing's


def test_almost_flat_pictures_are_finite():
    picture = np.full((64, 64, 3), 0.5)
    picture[10, 10] += 1e-5
    assert np.isfinite(saliency(picture)).all()


def test_the_odd_one_out_draws_the_eye():
    found = saliency(spots((45, 18)))
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert math.hypot(row - 45, column - 18) < 7
    assert np.median(found) < 0.2


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_the_picture_turns_the_map(turns):
    picture = photo(64, 64)
    np.testing.assert_allclose(
        saliency(np.rot90(picture, turns)), np.rot90(saliency(picture), turns), atol=2e-3
    )


def test_brightness_does_not_matter():
    picture = photo(64, 64)
    np.testing.assert_allclose(saliency(0.5 * picture), saliency(picture), atol=1e-3)


def test_pictures_of_a_batch_do_not_meet():
    batch = torch.from_numpy(np.stack([photo(), spots((20, 30), shape=(96, 128))]))
    batch = batch.permute(0, 3, 1, 2).float()
    provider = SpectralResidual()
    together = provider.saliency(batch)
    assert together.shape == (2, 1, 96, 128)
    alone = torch.cat([provider.saliency(image[None]) for image in batch])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_the_card_names_it():
    card = registry().provider("spectral-residual").card
    assert card.factory == "iqabench_saliency.spectral:SpectralResidual"
    assert "Hou" in card.paper
