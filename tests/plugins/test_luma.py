"""Where grey levels are compared, ties of luma must not decide: processors round them apart."""

from itertools import combinations

import numpy as np
import pytest
import torch
from lumas import LUMAS, THOUSANDTHS, WEIGHTS, ties, untied

from iqabench_nss.nss import gray_levels
from iqabench_nss.piqe import levels_of


@pytest.fixture(scope="module")
def tied():
    """Every 8-bit colour whose luma is a tie, (1, N, 3)."""
    colours = np.stack(np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3), axis=-1)
    return colours.reshape(1, -1, 3)[:, ties(colours).ravel()]


def as_images(picture):
    return torch.tensor(picture).permute(2, 0, 1)[None].float() / 255


def levels(add, picture):
    return (255 * add(as_images(picture))).round()[0].numpy()


def test_a_tie_is_exactly_halfway(tied):
    assert tied.shape[1] > 16_000
    assert np.unique(tied @ THOUSANDTHS % 1000).tolist() == [500]


def test_each_way_to_add_luma_up_rounds_ties_apart(tied):
    found = {name: levels(add, tied) for name, add in LUMAS.items()}
    for one, other in combinations(found, 2):
        differ = (found[one] != found[other]).mean()
        assert 0.01 < differ < 0.99, (one, other)


def assert_rounds_as_we_do(to_y_channel, images):
    np.testing.assert_array_equal(to_y_channel(images, 255)[0, 0], gray_levels(images)[0])
    luma = to_y_channel(images)[0, 0]
    np.testing.assert_array_equal((255 * (luma / luma.max())).round(), levels_of(images[0]))


def test_photographs_are_rounded_alike(photographs, pyiqas_luma):
    for images in photographs:
        assert_rounds_as_we_do(pyiqas_luma, images)


def test_distorted_photographs_are_rounded_alike(distorted, pyiqas_luma):
    assert_rounds_as_we_do(pyiqas_luma, distorted)


def test_untied_changes_ties_only_and_little(tied):
    beside = np.roll(tied, 1, axis=1) ^ 1
    picture = np.concatenate([tied, np.where(ties(beside)[..., None], 0, beside)])
    changed = untied(picture)
    assert not ties(changed).any()
    differ = (changed != picture).any(axis=-1)
    assert differ[0].all() and differ[1].mean() < 0.1
    assert np.abs(changed.astype(int) - picture).max() <= 2


def test_our_grey_levels_are_sums_from_the_left_on_every_processor(tied):
    """NumPy multiplies and adds one after the other, so nothing is fused."""
    red, green, blue = np.moveaxis(tied.astype(np.float32) / np.float32(255), -1, 0)
    luma = np.float32(WEIGHTS[0]) * red + np.float32(WEIGHTS[1]) * green
    luma = luma + np.float32(WEIGHTS[2]) * blue
    expected = (np.float32(255) * luma).round()
    np.testing.assert_array_equal(gray_levels(as_images(tied))[0], expected)
