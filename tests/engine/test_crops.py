from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from iqabench.contract import Recipe
from iqabench.data.file_hashes import file_hashes
from iqabench.engine import crops

HEIGHT, WIDTH = 20, 30


def coordinates(height=HEIGHT, width=WIDTH, planes=3):
    """A picture whose planes are row / 64, column / 64, and their sum / 128."""
    row = torch.arange(height).view(-1, 1).expand(height, width) / 64
    column = torch.arange(width).expand(height, width) / 64
    return torch.stack([row, column, (row + column) / 2])[:planes]


def corners(views):
    """(top, left) of crops of :func:`coordinates`."""
    return [(int(crop[0, 0, 0] * 64), int(crop[1, 0, 0] * 64)) for crop in views]


def recipe(**fields):
    return Recipe(**{"crop": (8, 10), "augment": ()} | fields)


@pytest.mark.parametrize(
    ("count", "places"),
    [
        (1, [(6, 10)]),
        (2, [(6, 0), (6, 20)]),
        (3, [(6, 0), (6, 10), (6, 20)]),
        (4, [(0, 0), (0, 20), (12, 0), (12, 20)]),
        (5, [(6, 10), (0, 0), (0, 20), (12, 0), (12, 20)]),
        (6, [(0, 0), (0, 10), (0, 20), (12, 0), (12, 10), (12, 20)]),
        (9, [(y, x) for y in (0, 6, 12) for x in (0, 10, 20)]),
    ],
)
def test_grid_placement(count, places):
    views = crops.test_views(coordinates(), recipe(test_crops=count))
    assert views.shape == (count, 3, 8, 10)
    assert corners(views) == places


def test_a_crop_holds_the_pictures_own_pixels():
    (crop,) = crops.test_views(coordinates(), recipe(test_crops=1))
    assert torch.equal(crop, coordinates()[:, 6:14, 10:20])


def test_random_test_crops_are_those_of_their_key():
    many = recipe(test_crops=20, test_crop_kind="random")
    first, again = (crops.test_views(coordinates(), many, (1, 2)) for _ in range(2))
    assert torch.equal(first, again)
    assert corners(crops.test_views(coordinates(), many, (1, 3))) != corners(first)
    assert len(set(corners(first))) > 10
    assert all(0 <= y <= 12 and 0 <= x <= 20 for y, x in corners(first))


@pytest.mark.parametrize("fields", [{"crop": None}, {"test_crop_kind": "whole", "test_crops": 4}])
def test_whole_pictures(fields):
    (whole,) = crops.test_views(coordinates(), recipe(**fields))
    assert torch.equal(whole, coordinates())


@pytest.mark.parametrize(
    ("size", "fields", "expected"),
    [
        ((20, 30), {}, (20, 30)),
        ((4, 30), {}, (8, 60)),
        ((20, 5), {}, (40, 10)),
        ((4, 5), {}, (8, 10)),
        ((7, 10), {}, (8, 12)),  # 10 * 8 / 7 = 11.4, rounded up
        ((20, 30), {"resize_short": 40}, (40, 60)),
        ((20, 30), {"resize_short": 16, "crop": None}, (16, 24)),
        ((300, 400), {"max_pixels": 30_000, "crop": None}, (150, 200)),
        ((30, 40), {"max_pixels": 30_000, "crop": None}, (30, 40)),
        ((300, 400), {"max_pixels": 30_000, "crop": (224, 224)}, (224, 299)),
        ((300, 400), {"max_pixels": 30_000, "resize_short": 100, "crop": None}, (100, 134)),
        ((20, 30), {"resize_short": 16, "crop": (18, 18)}, (18, 27)),
    ],
)
def test_sizes_before_cropping(size, fields, expected):
    found = crops.fitted(coordinates(*size), recipe(**fields))
    assert found.shape == (3, *expected)


def test_enlarging_keeps_the_range_and_a_flat_picture_flat():
    edge = torch.zeros(3, 4, 4)
    edge[..., 2:] = 1
    found = crops.fitted(edge, recipe(crop=(16, 16)))
    assert found.min() == 0
    assert found.max() == 1
    flat = torch.full((3, 4, 4), 0.25)
    assert torch.allclose(crops.fitted(flat, recipe(crop=(16, 16))), torch.tensor(0.25))


def test_normalising_gives_the_colours_mean_zero():
    plain = recipe(mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.125))
    images = torch.tensor([0.6, 0.2, 0.05]).view(1, 3, 1, 1).expand(2, 3, 4, 4)
    found = crops.normalise(images, plain)
    assert torch.allclose(found, torch.tensor([1.0, 0.0, -2.0]).view(1, 3, 1, 1))


def draws(kind, count=200, picture=None, **fields):
    picture = coordinates(8, 8) if picture is None else picture
    random = np.random.default_rng(0)
    return [crops.augmented(picture, recipe(augment=kind, **fields), random) for _ in range(count)]


def distinct(found):
    return {tuple(picture.flatten().tolist()) for picture in found}


def turned(picture, turns):
    return tuple(picture.rot90(turns, (-2, -1)).flatten().tolist())


def test_each_augmentation_makes_what_it_says_and_nothing_else():
    square, wide = coordinates(8, 8), coordinates(4, 8)
    flat = [tuple(square.flip(axis).flatten().tolist()) for axis in (-1, -2)]
    same = turned(square, 0)
    assert distinct(draws(())) == {same}
    assert distinct(draws(("hflip",))) == {same, flat[0]}
    assert distinct(draws(("vflip",))) == {same, flat[1]}
    assert distinct(draws(("rot90",))) == {turned(square, turns) for turns in range(4)}
    assert distinct(draws(("rot90",), picture=wide)) == {turned(wide, 0), turned(wide, 2)}


def test_a_shift_moves_by_an_eighth_at_most_and_repeats_the_border():
    rows, columns = set(), set()
    for found in draws(("shift",), 400, coordinates(16, 8)):
        row, column = found[0, :, 0] * 64, found[1, 0, :] * 64
        dy, dx = int(row[8]) - 8, int(column[4]) - 4
        assert torch.equal(row, (torch.arange(16) + dy).clamp(0, 15).float())
        assert torch.equal(column, (torch.arange(8) + dx).clamp(0, 7).float())
        rows.add(dy)
        columns.add(dx)
    assert (rows, columns) == ({-2, -1, 0, 1, 2}, {-1, 0, 1})


class Maps:
    """A saliency source whose map of a picture is its red plane."""

    def read(self, dataset, name, allow_truncated=False):
        red = np.asarray(Image.open(dataset.path(name)))[..., 0]
        return (red / 255).astype(np.float16)


@pytest.fixture
def pictures(tmp_path):
    """Two pictures, one smaller than a crop, as much of a data set as crops need."""
    random = np.random.default_rng(0)
    names = ["a.png", "b.png"]
    for name, size in zip(names, [(40, 50, 3), (20, 12, 3)], strict=True):
        Image.fromarray(random.integers(0, 256, size, np.uint8)).save(tmp_path / name)
    hashes = dict(zip(names, file_hashes([tmp_path / name for name in names]), strict=True))
    table = pd.DataFrame({"image": names})
    return SimpleNamespace(path=tmp_path.joinpath, image_hashes=hashes, table=table)


def crops_of(pictures, maps=None, seed=0, **fields):
    quality = np.array([0.25, 0.75], np.float32)
    fields = {"crop": (16, 16), "train_crops": 3, "augment": ("hflip", "rot90", "shift")} | fields
    names = list(pictures.image_hashes)
    return crops.TrainingCrops(pictures, names, quality, recipe(**fields), maps, seed)


def test_an_epoch_holds_every_picture_as_often_as_the_recipe_says(pictures):
    training = crops_of(pictures)
    items = [training[0, number] for number in range(len(training))]
    assert [int(index) for *_, index in items] == [0, 1, 0, 1, 0, 1]
    assert [float(quality) for _, quality, _, _ in items] == [0.25, 0.75] * 3
    assert {tuple(image.shape) for image, *_ in items} == {(3, 16, 16)}
    assert {tuple(saliency.shape) for _, _, saliency, _ in items} == {(0, 16, 16)}


def test_a_crop_is_known_by_seed_epoch_and_number_alone(pictures):
    training = crops_of(pictures)
    for number in (5, 0, 3):  # out of order: nothing depends on what was drawn before
        assert torch.equal(training[2, number][0], crops_of(pictures)[2, number][0])
    keys = [(seed, epoch, number) for seed in (0, 1) for epoch in (0, 1) for number in (0, 2, 4)]
    drawn = {
        tuple(crops_of(pictures, seed=seed)[epoch, number][0].flatten().tolist())
        for seed, epoch, number in keys
    }
    assert len(drawn) == len(keys)


@pytest.mark.parametrize("number", [0, 1])
def test_picture_and_map_are_moved_together(pictures, number):
    training = crops_of(pictures, Maps(), augment=("hflip", "vflip", "rot90", "shift"))
    for epoch in range(8):
        image, _, saliency, _ = training[epoch, number]
        assert saliency.shape == (1, 16, 16)
        # float16 maps of [0, 1] are exact to 2**-12; enlarging adds its own rounding.
        assert torch.allclose(saliency[0], image[0], atol=1e-3)


def test_maps_are_not_normalised(pictures):
    training = crops_of(pictures, Maps(), mean=(0.5,) * 3, std=(0.5,) * 3)
    image, _, saliency, _ = training[0, 0]
    assert torch.allclose(2 * saliency[0] - 1, image[0], atol=2e-3)


def test_the_order_of_an_epoch_is_its_own_and_holds_each_crop_once(pictures):
    training = crops_of(pictures, train_crops=20)
    order = crops.EpochOrder(training)
    first = list(order)
    assert list(order) == first
    assert len(first) == len(order) == 40
    assert sorted(first) == [(0, number) for number in range(40)]
    order.set_epoch(1)
    assert sorted(order) == [(1, number) for number in range(40)]
    assert [number for _, number in order] != [number for _, number in first]
    resumed = crops.EpochOrder(training, first_epoch=1)
    assert list(resumed) == list(order)
