import numpy as np
import pytest

from iqabench.stats import discriminability, preference_consistency, ranking_consistency


@pytest.mark.parametrize(
    ("pristine", "distorted", "expected"),
    [
        ([5, 6], [1, 2, 3], 1),  # T = 5 parts them
        ([1, 2], [5, 6, 7], 0.5),  # the wrong way round: no better than calling all the same
        ([4, 4], [4, 4, 4], 0.5),
        # T = 3: both pristine and 1 of 4 distorted right, 5/8; T = 6: 1/2 and 4/4, 6/8.
        ([3, 6], [1, 3, 4, 5], 0.75),
        # T = 2: 3/3 and 1/2; T = 4: 2/3 and 1/2; T = 6: 1/3 and 2/2. The first is best.
        ([2, 4, 6], [1, 5], 0.75),
    ],
)
def test_discriminability_by_hand(pristine, distorted, expected):
    assert discriminability(pristine, distorted) == pytest.approx(expected, abs=1e-15)


def test_discriminability_is_the_best_of_all_thresholds():
    random = np.random.default_rng(0)
    for _ in range(30):
        p, d = random.integers(0, 12, 7).astype(float), random.integers(-3, 9, 15).astype(float)
        shares = [
            (np.mean(p >= threshold) + np.mean(d < threshold)) / 2
            for threshold in np.arange(-4, 14, 0.5)
        ]
        assert discriminability(p, d) == pytest.approx(max(shares), abs=1e-15)


def test_only_the_order_of_predictions_matters():
    random = np.random.default_rng(1)
    p, d = random.normal(1, 1, 20), random.normal(0, 1, 60)
    assert discriminability(p, d) == discriminability(np.exp(p), np.exp(d))
    assert preference_consistency(p, p + d[:20], 0.3) == preference_consistency(
        np.exp(p), p + d[:20], 0.3
    )


@pytest.mark.parametrize(("pristine", "distorted"), [([], [1.0]), ([1.0], []), ([], [])])
def test_discriminability_of_nothing(pristine, distorted):
    assert np.isnan(discriminability(pristine, distorted))


def test_ranking_consistency_by_hand():
    """Lists a: perfect, 1; b: reversed, -1; c: levels 1 2 3 with ranks 2 3 1 (of -prediction),
    rho = 1 - 6 (1 + 1 + 4) / (3 * 8) = -1/2; d has two levels only."""
    prediction = [9, 8, 7, 1, 2, 3, 5, 4, 6, 0, 1]
    level = [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]
    lists = list("aaabbbcccdd")
    found = ranking_consistency(prediction, level, lists)
    assert (found.value, found.count) == (pytest.approx((1 - 1 - 0.5) / 3, abs=1e-15), 3)


def test_lists_may_be_mixed_up_and_are_judged_apart():
    """Each list falls with its level, though one lies wholly above the other."""
    prediction = [9, 1, 8, 0, 7, -1]
    found = ranking_consistency(prediction, [1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 0, 1])
    assert (found.value, found.count) == (1, 2)


def test_equal_predictions_rank_nothing():
    found = ranking_consistency([4, 4, 4, 3, 2, 1], [1, 2, 3, 1, 2, 3], [0, 0, 0, 1, 1, 1])
    assert (found.value, found.count) == (0.5, 2)


@pytest.mark.parametrize(
    ("prediction", "level", "lists"),
    [([], [], []), ([1, 2], [1, 2], [0, 0]), ([1, 2, 3], [1, 1, 2], [0, 0, 0])],
)
def test_nothing_to_rank(prediction, level, lists):
    found = ranking_consistency(prediction, level, lists)
    assert np.isnan(found.value)
    assert found.count == 0


def test_preference_consistency_by_hand():
    """Qualities 0 1 3 6 and margin 2: pairs (3,0) (6,0) (6,1) (6,3), not (3,1), which is 2."""
    quality = [0, 1, 3, 6]
    # 5 > 4 right, 4.5 > 4 right, 4.5 > 4.2 right, 4.5 > 5 wrong.
    found = preference_consistency([4, 4.2, 5, 4.5], quality, 2)
    assert (found.value, found.count) == (0.75, 4)
    # A tie is wrong: (6,3) here.
    assert preference_consistency([1, 2, 3, 3], quality, 2).value == 0.75
    assert preference_consistency([3, 2, 1, 0], quality, 2).value == 0


def test_no_margin_takes_all_pairs_of_different_quality():
    found = preference_consistency([1, 2, 3, 4], [1, 1, 2, 3], 0)
    assert (found.value, found.count) == (1, 5)


def test_no_discriminable_pair():
    found = preference_consistency([1, 2], [1, 2], 5)
    assert np.isnan(found.value)
    assert found.count == 0


def test_pairs_compared_in_chunks_are_the_same(monkeypatch):
    random = np.random.default_rng(2)
    x, y = random.normal(size=50), random.normal(size=50)
    whole = preference_consistency(x, y, 0.5)
    monkeypatch.setattr("iqabench.stats.waterloo._CELLS", 130)
    assert preference_consistency(x, y, 0.5) == whole
    pairs = [(i, j) for i in range(50) for j in range(50) if y[i] - y[j] > 0.5]
    assert whole.count == len(pairs)
    assert whole.value == pytest.approx(np.mean([x[i] > x[j] for i, j in pairs]), abs=1e-15)


@pytest.mark.parametrize(
    "call",
    [
        lambda: discriminability([np.nan], [1]),
        lambda: discriminability([1], [[1]]),
        lambda: ranking_consistency([1, 2], [1], [0, 0]),
        lambda: ranking_consistency([1, 2], [1, 2], [0]),
        lambda: preference_consistency([1, np.inf], [1, 2], 0),
        lambda: preference_consistency([1, 2], [1, 2], -1),
        lambda: preference_consistency([1, 2], [1, 2], np.nan),
    ],
)
def test_what_is_no_sample_is_refused(call):
    with pytest.raises(ValueError):
        call()
