from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageOps

from iqabench.audit.geometry import mirror, overlap, rooted

from .conftest import cropped


def test_a_picture_overlaps_itself_entirely(photos, features_of):
    one = features_of(photos[0])
    found = overlap(one, one)
    assert found.correlation == pytest.approx(1, abs=1e-6)
    assert found.inliers > 50 and not found.mirrored


def test_mirrored_features_are_those_of_the_mirrored_picture(photos, features_of):
    for photo in photos[:4]:
        here, there = features_of(photo), features_of(ImageOps.mirror(photo))
        found = overlap(here, there, mirrored=True)
        assert found.inliers > 0.7 * len(here.points) and found.correlation > 0.99
        assert overlap(here, there) is None


def test_mirroring_twice_changes_nothing(photos, features_of):
    one = features_of(photos[0])
    again = mirror(mirror(one))
    for name in ("grey", "descriptors"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    np.testing.assert_allclose(one.points, again.points, atol=1e-6)


def test_parts_that_do_not_overlap_share_nothing(photos, features_of):
    left, right = (features_of(cropped(photos[1], 0.2, (side, 0.5))) for side in (0, 1))
    assert overlap(left, right) is None


def test_equal_features_of_another_picture_are_not_enough(photos, features_of):
    """Points may agree by a logo or a frame; what they predict must be seen."""
    one, other = (features_of(photo.resize((256, 256))) for photo in photos[:2])
    disguised = replace(one, grey=other.grey)
    assert overlap(one, disguised) is None


def test_a_small_emblem_in_both_is_not_enough(photos, features_of):
    emblem = photos[5].resize((70, 70))
    with_it = []
    for photo in photos[:2]:
        marked = photo.resize((400, 300))
        marked.paste(emblem, (10, 10))
        with_it.append(features_of(marked))
    assert overlap(*with_it) is None


def test_roots_are_unit_vectors():
    random = np.random.default_rng(0).integers(0, 256, (5, 128)).astype(np.uint8)
    np.testing.assert_allclose((rooted(random) ** 2).sum(1), 1, rtol=1e-5)
    assert (rooted(np.zeros((1, 128), np.uint8)) == 0).all()


def test_noise_shares_nothing(features_of):
    random = np.random.default_rng(1)
    one, other = (
        features_of(Image.fromarray(random.integers(0, 256, (200, 200, 3)).astype(np.uint8)))
        for _ in range(2)
    )
    assert overlap(one, other) is None
