import numpy as np
from PIL import ImageOps
from scipy.fft import dct

from iqabench.audit.phash import near, squares

from .conftest import compressed, cropped, scaled


def test_signs_are_those_of_the_cosine_transform(photos, features_of):
    """By the one-dimensional transform, once along each axis."""
    found = squares([features_of(photos[0])])
    waves = dct(dct(found.pixels[0].astype(float), axis=0), axis=1)[:8, :8]
    signs = np.sign(waves)
    signs[0, 0] = 0
    np.testing.assert_array_equal(found.signs[0], signs)


def test_copies_are_near_and_crops_and_others_are_not(photos, features_of):
    first = squares([features_of(photo) for photo in photos])
    copies = [compressed(scaled(photo, 0.5), 20) for photo in photos]
    found = near(first, squares([features_of(copy) for copy in copies]))
    assert set(found) == {(number, number) for number in range(len(photos))}
    crops = squares([features_of(cropped(photo, 0.5, (0, 0))) for photo in photos[:5]])
    assert near(first, crops) == {}


def test_mirrored_squares_are_squares_of_the_mirrored(photos, features_of):
    turned = squares([features_of(ImageOps.mirror(photo)) for photo in photos])
    found = squares([features_of(photo) for photo in photos]).mirrored()
    assert (found.signs == turned.signs).mean() > 0.99
    assert set(near(found, turned)) == {(number, number) for number in range(len(photos))}
