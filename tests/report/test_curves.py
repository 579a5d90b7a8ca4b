import numpy as np
import pytest
from matplotlib.colors import to_rgb
from stored import evaluation

from iqabench.report import canvas, curves


def contrast(one, two):
    """WCAG 2.2's contrast ratio of two colours."""

    def luminance(colour):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)
        ]
        return np.dot(linear, (0.2126, 0.7152, 0.0722))

    low, high = sorted(map(luminance, (one, two)))
    return (high + 0.05) / (low + 0.05)


def test_twenty_curves_differ_and_four_without_colour():
    styles = [curves.Style(number) for number in range(20)]
    assert len({(style.place, style.dashes) for style in styles}) == 20
    assert len({style.dashes for style in styles[:4]}) == 4
    for colour in curves.COLOURS:
        assert contrast(colour, "white") >= 3  # WCAG 1.4.11, of what is no text
        assert colour != canvas.BLUE


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(0, 0), (0, 1)], ["fold 0", "fold 1"]),
        ([(0, None), (3, None)], ["seed 0", "seed 3"]),
        ([(0, 0), (1, 1)], ["seed 0, fold 0", "seed 1, fold 1"]),
        ([(0, None)], [""]),
    ],
)
def test_repetitions_are_named_by_what_differs(parts, expected):
    assert curves.names([evaluation(seed=seed, fold=fold) for seed, fold in parts]) == expected


def logistic(slope):
    """A rise from 1 to 5 over 200 predictions spread evenly from -1 to 1."""
    x = np.linspace(-1, 1, 200)
    return 1 + 4 / (1 + np.exp(-slope * x))


@pytest.mark.parametrize(
    ("slope", "expected"),
    # Between a tenth and nine tenths the logistic needs 2 ln 9 / slope: of 2, 4% and 22%.
    [(2 * np.log(9) / 0.08, True), (2 * np.log(9) / 0.44, False), (1, False)],
)
def test_a_step_has_few_pictures_on_its_rise(slope, expected):
    assert curves.is_step(logistic(slope)) == expected
    assert curves.is_step(logistic(-slope)) == expected


def test_of_few_pictures_one_may_lie_on_the_rise():
    assert curves.is_step([0, 0, 0, 0.5, 1, 1])
    assert not curves.is_step([0, 0, 0.4, 0.6, 1, 1])


def test_a_level_is_no_step():
    assert not curves.is_step([3.0, 3.0])


@pytest.mark.parametrize(
    ("steps", "count", "beginning"),
    [
        ([""], 1, "the curve is a step: "),
        (["fold 0", "fold 2"], 3, "the curve of fold 0; fold 2 is a step: "),
        (["fold 0", "fold 1"], 2, "all curves are steps: "),
    ],
)
def test_steps_get_a_word_of_why(steps, count, beginning):
    assert curves.step_words(steps, count).startswith(beginning)
    assert curves.step_words([], count) == ""
