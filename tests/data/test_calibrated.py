import pytest

from iqabench.contract.cards import Calibration
from iqabench.data.calibrated import band, calibrated
from iqabench.data.scored import PictureScore

CALIBRATION = Calibration(
    bands=(("bad", 0), ("fair", 40), ("good", 60)),
    lowest=0,
    highest=100,
    errors=((20, 10), (60, 20)),
)


def row(score):
    return PictureScore("a.png", "model", score, "higher", None, "")


@pytest.mark.parametrize(
    ("score", "expected"), [(-5, "bad"), (0, "bad"), (39.9, "bad"), (40, "fair"), (100, "good")]
)
def test_a_band_begins_at_its_lowest_score(score, expected):
    assert band(score, CALIBRATION) == expected


@pytest.mark.parametrize(
    ("score", "cut", "low", "high"),
    [
        (40, 40, 25, 55),  # the half width lies between those of 20 and 60
        (20, 20, 10, 30),
        (10, 10, 0, 20),  # below the lowest point its width holds
        (95, 95, 75, 100),
        (130, 100, 80, 100),
        (-3, 0, 0, 10),
    ],
)
def test_score_and_interval_stay_on_the_scale(score, cut, low, high):
    found = calibrated(row(score), None, CALIBRATION, "unlike")
    assert (found.score, found.low, found.high) == (cut, low, high)
    assert found.warning == "unlike"


def test_a_picture_without_a_score_has_no_band():
    assert calibrated(row(None), None, CALIBRATION, "unlike") == row(None)


@pytest.mark.parametrize(("error", "half"), [(0, 10), (40, 15), (70, 20)])
def test_by_expected_error_the_score_does_not_decide_the_width(error, half):
    by_error = CALIBRATION.model_copy(update={"by": "expected error"})
    for score in (40, 70):
        found = calibrated(row(score), error, by_error, None)
        assert (found.low, found.high) == (score - half, score + half)
