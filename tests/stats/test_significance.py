import numpy as np
import pytest

from iqabench.stats.significance import DEFAULT, PROCEDURES, holm, over_repetitions


def test_holm_by_hand():
    # .01 x 4, .02 x 3, .03 x 2 is no larger than what comes before it: .06 stays; .5 x 1.
    np.testing.assert_allclose(holm([0.03, 0.01, 0.5, 0.02]), [0.06, 0.04, 0.5, 0.06])


def test_holm_stays_below_one_and_keeps_ties():
    np.testing.assert_allclose(holm([0.4, 0.4, 0.9]), [1, 1, 1])
    np.testing.assert_allclose(holm([0.02, 0.02]), [0.04, 0.04])


def test_holm_of_a_test_that_could_not_be_made():
    np.testing.assert_allclose(holm([np.nan, 0.01, 0.03]), [np.nan, 0.02, 0.03])
    assert holm([]).size == 0


def test_holm_holds_the_familywise_level():
    """Chance of any rejection among eight true hypotheses, within three standard errors."""
    p = np.random.default_rng(0).uniform(size=(4000, 8))
    found = np.mean([(holm(row) < 0.05).any() for row in p])
    assert abs(found - (1 - (1 - 0.05 / 8) ** 8)) < 3 * np.sqrt(0.05 * 0.95 / 4000)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.03], 0.03),
        ([0.01, 0.03], 0.03),  # 2 / 2 of the larger
        ([0.5, 0.01, 0.02], 0.03),  # 3 / 2 of the middle
        ([0.5, 0.01, 0.02, 0.04], 4 / 3 * 0.04),  # the third of four
        ([0.8, 0.9, 0.9], 1),
        ([np.nan, 0.03], 0.03),
        ([np.nan], np.nan),
    ],
)
def test_p_over_repetitions_by_hand(p, expected):
    assert over_repetitions(p) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("repetitions", [2, 3, 10])
def test_p_over_repetitions_holds_its_level(repetitions):
    """Below the level for independent repetitions; equal ones are one repetition."""
    p = np.random.default_rng(1).uniform(size=(4000, repetitions))
    assert np.mean([over_repetitions(row) < 0.05 for row in p]) < 0.05
    assert over_repetitions([0.02] * repetitions) >= 0.02


def test_only_the_tests_over_contents_are_without_fault():
    assert {name for name, one in PROCEDURES.items() if not one.fault} == {"content-t", "sign-flip"}
    assert DEFAULT == "content-t"
