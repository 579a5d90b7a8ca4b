import numpy as np
import pytest
from PIL import Image

from iqabench.contract import UsageError
from iqabench.report.overlay import SIDE, draw


def drawn(picture, saliency, path):
    draw(picture, saliency, path)
    return np.asarray(Image.open(path))


def test_picture_map_and_both_stand_side_by_side(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    saliency = np.zeros((20, 30), np.float32)
    saliency[:, 15:] = 1
    found = drawn(picture, saliency, tmp_path / "deep" / "a.png")
    assert found.shape == (20, 90, 3)
    photo, heat, both = np.split(found, 3, axis=1)
    np.testing.assert_array_equal(photo, picture)
    assert heat[0, 0].sum() < 20 < 500 < heat[0, 20].sum()  # dark where low, bright where high
    np.testing.assert_array_equal(both[:, :15], picture[:, :15])
    mixed = 0.75 * heat[:, 15:].astype(float) + 0.25 * picture[:, 15:]
    np.testing.assert_allclose(both[:, 15:], mixed, atol=2)


def test_large_pictures_are_made_smaller(tmp_path):
    picture, saliency = np.zeros((100, 4096, 3), np.uint8), np.ones((100, 4096), np.float32)
    assert drawn(picture, saliency, tmp_path / "a.png").shape == (25, 3 * SIDE, 3)


def test_an_unwritable_place_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        draw(
            np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32), tmp_path / "file" / "a.png"
        )
