import numpy as np
import pytest
from PIL import Image, ImageDraw

from iqabench.data.unlike import commonest_colour, equal_neighbours, warning


def photograph(side=128):
    """Smooth shapes and a camera's noise."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:side, :side] / side
    waves = np.stack([np.sin(5 * x + 3 * y), np.cos(4 * y), np.sin(7 * x)], axis=2)
    return (127 + 90 * waves + random.normal(0, 3, (side, side, 3))).clip(0, 255).astype(np.uint8)


def text():
    page = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(page)
    for line in range(15):
        pen.text((8, 8 + 15 * line), "The quick brown fox jumps over the lazy dog. " * 2, "black")
    return np.asarray(page)


def icon():
    page = Image.new("RGB", (128, 128), (20, 90, 200))
    pen = ImageDraw.Draw(page)
    pen.rectangle((0, 0, 63, 63), (250, 220, 0))
    pen.ellipse((40, 40, 110, 110), (200, 30, 30))
    return np.asarray(page)


def test_a_photograph_has_no_warning():
    assert warning(photograph()) is None
    assert warning((photograph() / 255).astype(np.float32)) is None


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (text(), "have one colour"),
        (icon(), "equal their neighbours"),
        (np.full((128, 128, 3), 77, np.uint8), "100% of it have one colour"),
        (photograph(48), "48x48 pixels are few"),
        (np.zeros((1, 1, 3), np.uint8), "1x1 pixels are few"),
    ],
)
def test_what_is_no_photograph_is_told(picture, words):
    found = warning(picture)
    assert found.startswith("unlike a photograph: ")
    assert words in found


def test_the_shares_are_counted_by_hand():
    levels = np.zeros((3, 3, 3), np.uint8)
    levels[0, 0] = 255
    assert commonest_colour(levels) == pytest.approx(8 / 9)
    # Of the four pixels with a right and a lower neighbour, the first differs from both.
    assert equal_neighbours(levels) == 3 / 4
    levels[2, 1] = 16  # another colour of 4 bits, below the third of them
    assert commonest_colour(levels) == pytest.approx(7 / 9)
    assert equal_neighbours(levels) == 2 / 4
