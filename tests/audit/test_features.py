import numpy as np
import pytest
from PIL import ExifTags, Image, ImageFile

from iqabench.audit.features import GREY_SIDE, MOST_POINTS, compute, features
from iqabench.audit.geometry import overlap
from iqabench.contract import DataError
from iqabench.data.decoding import decode


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


def test_points_turn_with_the_picture(photos):
    """A quarter turn clockwise adds a right angle to orientations, in the x-y plane of pixels."""
    square = photos[0].resize((256, 256))
    here, there = (compute(np.asarray(one)) for one in (square, square.rotate(-90)))
    places = np.column_stack([1 - here.points[:, 1], here.points[:, 0]])
    apart = abs(places[:, None] - there.points[None, :, :2]).max(2)
    turned = there.points[apart.argmin(1), 3] - here.points[:, 3] - np.pi / 2
    close = (apart.min(1) < 0.004) & (abs(np.angle(np.exp(1j * turned))) < 0.1)
    assert close.mean() > 0.6


@pytest.mark.parametrize("size", [(512, 512), (700, 500), (300, 120), (1000, 999)])
def test_a_jpeg_is_read_reduced_and_compared_like_the_whole(tmp_path, photos, size):
    path = tmp_path / "a.jpg"
    photos[0].resize(size).save(path, quality=90)
    reduced, whole = features(path), compute(decode(path).pixels)
    np.testing.assert_array_equal(reduced.extent, whole.extent)
    assert reduced.grey.shape == whole.grey.shape
    assert abs(reduced.grey.astype(int) - whole.grey).mean() < 2
    assert overlap(reduced, whole).inliers > 0.6 * len(whole.points)


@pytest.mark.parametrize("kind", ["turned", "CMYK", "grey", "png", "progressive"])
def test_other_files_are_read_like_everywhere_else(tmp_path, photos, kind):
    path = tmp_path / ("a.png" if kind == "png" else "a.jpg")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    mode = {"CMYK": "CMYK", "grey": "L"}.get(kind, "RGB")
    more = {"turned": {"exif": exif}, "progressive": {"progressive": True}}.get(kind, {})
    photos[0].crop((0, 0, 400, 300)).convert(mode).save(path, **more)
    found, whole = features(path), compute(decode(path).pixels)
    assert found.grey.shape == whole.grey.shape == ((111, 83) if kind == "turned" else (83, 111))
    assert abs(found.grey.astype(int) - whole.grey).mean() < 2
    assert overlap(found, whole).inliers > 0.6 * len(whole.points)


def test_what_is_no_picture_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"none")
    with pytest.raises(DataError, match="cannot decode"):
        features(tmp_path / "a.png")


@pytest.mark.parametrize("others", [False, True])
def test_a_damaged_jpeg_is_refused(tmp_path, photos, monkeypatch, others):
    # Libraries such as pyiqa allow truncated files to all of a process.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", others)
    photos[0].save(tmp_path / "a.jpg")
    content = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="truncated"):
        features(tmp_path / "a.jpg")
