import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import rgb_to_hsv
from PIL import Image

from iqabench.contract import UsageError
from iqabench.report import overlay, sheets


def test_a_map_lies_over_its_picture():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    saliency = np.zeros((20, 30), np.float32)
    saliency[:, 15:], saliency[:, 25:] = 0.25, 1
    both = overlay.laid_over(picture, saliency)
    np.testing.assert_array_equal(both[:, :15], picture[:, :15])
    colour = 255 * np.array(colormaps["inferno"](1.0)[:3])
    np.testing.assert_allclose(both[:, 25:], 0.75 * colour + 0.25 * picture[:, 25:], atol=1)
    faint = 255 * np.array(colormaps["inferno"](np.float32(0.25))[:3])
    half = 0.375 * faint + 0.625 * picture[:, 15:25]  # the root of a quarter is a half
    np.testing.assert_allclose(both[:, 15:25], half, atol=1)


def test_pictures_in_floats_are_the_same():
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3), np.uint8)
    plane = np.linspace(0, 1, 72, dtype=np.float32).reshape(8, 9)
    from_floats = overlay.laid_over(np.float32(picture / 255), plane)
    np.testing.assert_allclose(from_floats, overlay.laid_over(picture, plane), atol=1)


def test_a_map_of_single_pixels_is_seen(tmp_path):
    """Averaged down to the 780 dots of a panel, a pixel of 3000 would be a grey veil."""
    picture, saliency = np.full((2000, 3000, 3), 128, np.uint8), np.zeros((2000, 3000), np.float32)
    saliency[1000, 500] = saliency[300, 2500] = 0.1
    overlay.draw(picture, saliency, tmp_path / "a.png", "a.png", "dots")
    pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")) / 255
    top = pixels[: round(0.7 * len(pixels))]  # without the bar of colours
    yellow = (rgb_to_hsv(top)[..., 1] > 0.3) & (top.min(axis=2) < top.max(axis=2) - 0.2)
    assert yellow.sum() >= 4 * 9  # two spots of three dots each way, in the map and over it


def test_smooth_maps_stay_as_they_are():
    ramp = np.linspace(0, 0.5, 100, dtype=np.float32)[None].repeat(100, axis=0)
    np.testing.assert_allclose(overlay.visible_spots(ramp), 2 * ramp, atol=1e-6)
    assert overlay.visible_spots(0 * ramp).max() == 0


def test_large_pictures_are_made_smaller():
    assert overlay.fitting(np.zeros((100, 4096, 3), np.uint8), 1024).shape == (25, 1024, 3)
    assert overlay.fitting(np.zeros((100, 4096), np.float32), 1024).shape == (25, 1024)


def test_the_sheet_names_picture_provider_and_meaning(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(sheets.canvas, "save", lambda made, path, dpi: kept.append(made))
    picture, plane = np.zeros((20, 30, 3), np.uint8), np.ones((20, 30), np.float32)
    overlay.draw(picture, plane, tmp_path / "a.png", "a photo.png", "center")
    (figure,) = kept
    assert figure.get_suptitle() == "a photo.png"
    *panels, bar = figure.axes
    assert [axes.get_title() for axes in panels] == ["picture", "center", "map over picture"]
    assert [text.get_text() for text in bar.get_xticklabels()] == ["0, low", "0.5", "1, high"]
    assert "Bright places" in figure.get_supxlabel()


def test_an_unwritable_place_is_refused(tmp_path):
    (tmp_path / "file").touch()
    picture, plane = np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), np.float32)
    with pytest.raises(UsageError, match="cannot write"):
        overlay.draw(picture, plane, tmp_path / "file" / "a.png", "a", "b")
