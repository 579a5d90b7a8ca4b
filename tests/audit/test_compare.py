"""Constructed copies of real photographs are all found, and unrelated photographs never."""

import itertools

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from iqabench.audit import compare as comparing
from iqabench.audit import index
from iqabench.audit.compare import Evidence, compare

from .conftest import borrowed, compressed, cropped, scaled


def pairs(found):
    return set(found)


def test_every_borrowed_photograph_is_found_and_no_other(photos, features_of):
    originals = [features_of(photo) for photo in photos]
    copies = [features_of(borrowed(photo, number)) for number, photo in enumerate(photos)]
    found = compare(originals, copies)
    assert pairs(found) == {(number, number) for number in range(len(photos))}
    assert [one.mirrored for one in found.values()] == [n % 6 == 5 for n in range(len(photos))]


def test_all_of_fifty_borrowed_scenes_are_found_and_no_other(scenes, scene_features, features_of):
    """5000 pairs, more than are looked at one by one: the index has its part in it."""
    copies = [features_of(borrowed(scene, number)) for number, scene in enumerate(scenes[:50])]
    assert len(scene_features) * len(copies) > comparing.ALL_PAIRS
    found = compare(scene_features, copies)
    assert pairs(found) == {(number, number) for number in range(50)}
    assert [one.mirrored for one in found.values()] == [n % 6 == 5 for n in range(50)]


def test_no_two_of_a_hundred_scenes_are_alike(scene_features):
    """4950 pairs."""
    assert compare(scene_features) == {}


def test_the_index_misses_none_of_what_looking_at_every_pair_finds(
    scenes, scene_features, features_of, monkeypatch
):
    copies = [features_of(borrowed(scene, number)) for number, scene in enumerate(scenes[50:70])]
    thorough = compare(scene_features, copies)
    monkeypatch.setattr(comparing, "ALL_PAIRS", 0)
    assert compare(scene_features, copies) == thorough


def test_pairs_within_a_list_are_chosen_by_the_index_too(photos, features_of, monkeypatch):
    """Blocks smaller than the list: each pair of blocks is looked at once, each picture once."""
    some = [features_of(photo) for photo in photos[:6]]
    turned = ImageOps.mirror(cropped(photos[0], 0.5, (0, 0)))
    parts = [features_of(turned), features_of(cropped(photos[4], 0.5, (1, 1)))]
    monkeypatch.setattr(comparing, "ALL_PAIRS", 0)
    monkeypatch.setattr(index, "BLOCK", 3)
    found = compare([parts[0], *some, parts[1]])
    assert pairs(found) == {(0, 1), (5, 7)}
    assert [one.mirrored for one in found.values()] == [True, False]
    told = []
    again = compare([parts[0], *some], [parts[1], parts[0]], lambda *one: told.append(one))
    assert pairs(again) == {(0, 1), (1, 1), (5, 0)}
    steps = [one for one in told if one[2] == "choosing pairs"]
    assert steps == [(n, 2 * 3 * index.TABLES, "choosing pairs") for n in range(1, len(steps) + 1)]
    assert len(steps) == steps[-1][1]


def test_two_crops_of_one_original_as_live_and_tid2013_have_them(photos, features_of):
    """Kodak's pictures are 768 x 512: TID2013 cut 512 x 384, LIVE cut and scaled to 634 x 438."""
    originals = [photo.resize((768, 512)) for photo in photos]
    tid = [features_of(original.crop((128, 64, 640, 448))) for original in originals]
    live = [
        features_of(original.crop((20, 10, 720, 494)).resize((634, 438))) for original in originals
    ]
    assert pairs(compare(live, tid)) == {(number, number) for number in range(len(photos))}


def test_the_same_of_scenes(scenes, features_of):
    large = [scene.resize((768, 512)) for scene in scenes if min(scene.size) >= 400][:15]
    tid = [features_of(scene.crop((256, 0, 768, 384))) for scene in large]
    live = [features_of(scene.crop((60, 20, 760, 504)).resize((634, 438))) for scene in large]
    assert len(large) == 15
    assert pairs(compare(live, tid)) == {(number, number) for number in range(len(large))}


def test_within_one_list_each_pair_is_named_once(photos, features_of):
    some = [features_of(photo) for photo in photos[:3]]
    copy = features_of(cropped(photos[1], 0.5, (0, 0)))
    assert pairs(compare([copy, *some])) == {(0, 2)}


def test_a_recompressed_picture_is_found_by_both_means(photos, features_of):
    (found,) = compare([features_of(photos[0])], [features_of(compressed(photos[0], 30))]).values()
    assert found.bits <= 4
    assert found.inliers > 20 and found.correlation > 0.9
    assert found.found_by == "hash, features"


def test_a_crop_is_found_by_its_features_alone(photos, features_of):
    (found,) = compare(
        [features_of(photos[0])], [features_of(cropped(photos[0], 0.4, (1, 1)))]
    ).values()
    assert (found.bits, found.found_by) == (None, "features")


def test_a_very_soft_picture_is_found_by_its_hash(photos, features_of):
    soft = [scaled(photo, 0.2).filter(ImageFilter.GaussianBlur(9)) for photo in photos[:4]]
    originals, copies = map(features_of, soft), (features_of(compressed(one, 90)) for one in soft)
    found = compare(list(originals), list(copies))
    assert pairs(found) == {(number, number) for number in range(4)}
    assert {one.found_by.split(",")[0] for one in found.values()} == {"hash"}


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_is_found(photos, features_of, turns):
    turned = Image.fromarray(np.rot90(np.asarray(photos[0]), turns))
    (found,) = compare([features_of(photos[0])], [features_of(turned)]).values()
    assert found.inliers > 20


def test_flat_pictures_are_like_nothing(photos, features_of):
    greys = [features_of(Image.new("RGB", (120, 80), (level,) * 3)) for level in (0, 128, 255)]
    assert compare([*greys, features_of(photos[0])]) == {}
    assert compare([], greys) == compare(greys, []) == compare([]) == {}


def test_how_far_the_close_look_has_come_is_told(photos, features_of):
    told = []
    some = [features_of(photo) for photo in photos[:3]]
    compare(some, None, lambda *one: told.append(one))
    both_ways = 2 * len(list(itertools.combinations(some, 2)))
    assert told == [(done, both_ways, "comparing") for done in range(1, both_ways + 1)]


def test_what_found_a_pair_is_said_in_words():
    assert Evidence(identical=True, bits=0, inliers=9).found_by == "identical files, hash, features"
