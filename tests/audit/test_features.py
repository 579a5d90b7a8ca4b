import numpy as np
import pytest

from iqabench.audit import features as module
from iqabench.audit.features import GREY_SIDE, MOST_POINTS, compute, features
from iqabench.contract import DataError
from iqabench.data.file_hashes import file_hashes


def test_lengths_are_in_units_of_the_pictures_own_side(photos):
    """A copy of half the size has its points where the original has them."""
    whole, half = (compute(np.asarray(photos[0].resize((side, side)))) for side in (512, 256))
    for one in (whole, half):
        assert one.points.shape == (len(one.points), 4) and 0 < len(one.points) <= MOST_POINTS
        assert one.descriptors.shape == (len(one.points), 128)
        assert one.grey.shape == (GREY_SIDE, GREY_SIDE)
        assert one.points[:, :2].min() > 0 and one.points[:, :2].max() < 1
    distance = abs(whole.points[:, None, :2] - half.points[None, :, :2]).max(2).min(1)
    assert np.median(distance) < 0.005


def test_the_shape_is_kept(photos):
    grey = compute(np.asarray(photos[1].resize((600, 300)))).grey
    assert grey.shape[1] / grey.shape[0] == pytest.approx(2, abs=0.05)
    assert grey.size == pytest.approx(GREY_SIDE**2, rel=0.05)


def test_small_pictures_are_enlarged_no_more_than_twice():
    assert compute(np.zeros((20, 30, 3), np.uint8)).grey.shape == (40, 60)


def test_a_flat_picture_has_no_points():
    flat = compute(np.full((64, 64, 3), 90, np.uint8))
    assert (flat.points.shape, flat.descriptors.shape) == ((0, 4), (0, 128))


def test_a_picture_is_computed_once(tmp_path, photos, monkeypatch):
    path = tmp_path / "a.png"
    photos[0].save(path)
    (digest,) = file_hashes([path])
    made = features(path, digest)
    monkeypatch.setattr(module, "compute", None)
    path.unlink()
    kept = features(path, digest)
    for name in ("extent", "grey", "points", "descriptors"):
        np.testing.assert_array_equal(getattr(made, name), getattr(kept, name))


def test_a_damaged_file_in_the_cache_is_made_again(tmp_path, photos, monkeypatch):
    path = tmp_path / "a.png"
    photos[2].save(path)
    (digest,) = file_hashes([path])
    made = features(path, digest)
    (place,) = (module._folder() / digest[:2]).glob(f"{digest}*")
    place.write_bytes(place.read_bytes()[:100])
    assert len(features(path, digest).points) == len(made.points)
    assert place.stat().st_size > 1000


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"none")
    with pytest.raises(DataError, match="cannot decode"):
        features(tmp_path / "a.png", *file_hashes([tmp_path / "a.png"]))
