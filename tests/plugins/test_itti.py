import math

import numpy as np
import pytest
import torch

from iqabench.registry import registry
from iqabench_saliency.itti import IttiKoch, _channels, _gabor, _pyramid, normalised


def display(odd, other, place=(2, 5), size=40):
    """Rows of a search array, (3, H, W): ``other`` everywhere, ``odd`` once."""
    rows = [[other] * 8 for _ in range(6)]
    rows[place[0]][place[1]] = odd
    cell = np.array([[np.pad(item, ((0, 0), (6, 6), (6, 6))) for item in row] for row in rows])
    return torch.from_numpy(
        np.ascontiguousarray(cell.transpose(2, 0, 3, 1, 4), np.float32).reshape(
            3, 6 * size, 8 * size
        )
    )


def patch(colour, side=28):
    return np.broadcast_to(np.array(colour, np.float32)[:, None, None], (3, side, side))


def bar(vertical, side=28):
    found = np.zeros((3, side, side), np.float32)
    found[:, 11:17] = 0.8
    return found.transpose(0, 2, 1) if vertical else found


@pytest.mark.parametrize(
    ("odd", "other"),
    [
        (patch((0.8, 0.1, 0.1)), patch((0.1, 0.8, 0.1))),
        (patch((0.1, 0.1, 0.8)), patch((0.6, 0.6, 0.1))),
        (patch((0.9, 0.9, 0.9)), patch((0.3, 0.3, 0.3))),
        (bar(True), bar(False)),
    ],
    ids=["red among green", "blue among yellow", "bright among dark", "upright among lying"],
)
def test_the_odd_one_out_pops_out(odd, other):
    """The paper's fig. 2: one item that differs in a single feature wins."""
    found = IttiKoch().saliency(display(odd, other)[None])[0, 0].numpy()
    y, x = np.unravel_index(found.argmax(), found.shape)
    assert math.hypot(y - 2.5 * 40, x - 5.5 * 40) < 30


def test_normalisation_promotes_the_map_with_one_peak():
    """One peak keeps its height; with another of .6 it is (1 - .6)**2 as high; by hand."""
    maps = torch.zeros(1, 2, 9, 9)
    maps[0, :, 2, 2] = 5
    maps[0, 1, 6, 6] = 3
    found = normalised(maps)
    assert float(found[0, 0].max()) == 1
    assert float(found[0, 1].max()) == pytest.approx(0.16, abs=1e-6)
    assert float(found[0, 1, 6, 6]) == pytest.approx(0.6 * 0.16, abs=1e-6)


def test_normalisation_of_nothing_is_nothing():
    assert not normalised(torch.zeros(1, 1, 5, 5)).any()


def test_colours_oppose_each_other():
    """R = r - (g + b) / 2 and so on, of r, g and b divided by their mean; worked by hand."""
    red, blue, yellow = ([0.6, 0, 0], [0, 0, 0.6], [0.3, 0.3, 0])
    images = torch.tensor([red, blue, yellow]).view(3, 3, 1, 1)
    intensity, red_green, blue_yellow = _channels(images)[..., 0, 0].T
    torch.testing.assert_close(intensity, torch.tensor([0.2, 0.2, 0.2]))
    # red: r = 3, R = 3, G = B = 0, Y = 1.5 - 1.5; yellow: r = g = 1.5, R = G = .75, Y = 1.5
    torch.testing.assert_close(red_green, torch.tensor([3.0, 0.0, 0.0]))
    torch.testing.assert_close(blue_yellow, torch.tensor([0.0, 3.0, -1.5]))


def test_dark_pixels_have_no_hue():
    images = torch.zeros(1, 3, 1, 2)
    images[0, :, 0, 0] = 1
    images[0, 0, 0, 1] = 0.2  # a tenth of the largest intensity is more than its mean of .067
    assert not _channels(images)[0, 1:].any()


def test_gabor_filters_answer_to_their_own_angle():
    y, x = np.mgrid[-4:5, -4:5]
    for angle in (0, 45, 90, 135):
        along = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
        grating = torch.from_numpy(np.cos(2 * math.pi * along / 7))
        answers = {other: float((_gabor(other, 0) * grating).sum()) for other in (0, 45, 90, 135)}
        assert max(answers, key=answers.get) == angle
    assert float(_gabor(45, 90).sum()) == pytest.approx(0, abs=1e-12)


def test_levels_of_the_pyramid_lie_above_each_other():
    ramp = torch.linspace(0, 1, 512).expand(1, 1, 256, 512)
    levels = _pyramid(ramp)
    assert [tuple(level.shape[-2:]) for level in levels[:3]] == [(256, 512), (128, 256), (64, 128)]
    assert len(levels) == 9
    for level in levels[:5]:
        middle = level[0, 0, 0].view(2, -1).mean(1)
        torch.testing.assert_close(middle, torch.tensor([0.25, 0.75]), atol=1e-3, rtol=0)


def test_the_card_names_the_paper():
    assert "1998" in registry().provider("itti-koch").card.paper
