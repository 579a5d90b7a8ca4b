from types import SimpleNamespace

import numpy as np
import pytest

from iqabench.contract.cards import Calibration
from iqabench.contract.progress import Silent
from iqabench.data.given import Given
from iqabench.engine.judges import Verdict
from iqabench.engine.picture_scores import score

CALIBRATION = Calibration(
    bands=(("bad", 0), ("good", 50)), lowest=0, highest=100, errors=((0, 10), (100, 20))
)


def row(calibration, pixels, value=60.0, error=None):
    judge = SimpleNamespace(
        label="model",
        direction="higher",
        full_reference=False,
        calibration=calibration,
        score=lambda picture, reference: Verdict(value, error),
    )
    (found,) = score([judge], [Given("a.png", pixels=pixels)], None, Silent())
    return found.rows[0]


@pytest.fixture
def photograph():
    return np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)


def test_calibrated_weights_fill_band_interval_and_warning(photograph):
    found = row(CALIBRATION, photograph)
    assert (found.score, found.band, found.low, found.high) == (60, "good", 44, 76)
    assert found.warning is None
    flat = row(CALIBRATION, np.zeros((128, 128, 3), np.uint8))
    assert flat.warning == "unlike a photograph: 100% of it have one colour"


def test_an_expected_error_decides_the_interval(photograph):
    by_error = CALIBRATION.model_copy(update={"by": "expected error"})
    found = row(by_error, photograph, error=50.0)
    assert (found.score, found.low, found.high) == (60, 45, 75)


def test_a_very_small_picture_is_noted():
    small = np.zeros((8, 40, 3), np.uint8)
    assert row(None, small).notes == "only 40x8 pixels"
    assert row(None, np.zeros((32, 32, 3), np.uint8)).notes == ""


def test_other_weights_fill_none_of_them(photograph):
    found = row(None, photograph, value=130.0)
    assert (found.score, found.band, found.low, found.high, found.warning) == (130, *4 * (None,))
