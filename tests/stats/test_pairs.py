from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from iqabench.stats import krasula
from iqabench.stats.pairs import judged, pairs_of


def by_sklearn(x, y, error, z, counts=None):
    """The three figures from pairs written out, each as often as it was drawn."""
    counts = np.ones(len(x)) if counts is None else counts
    different, gap, sign, weight = [], [], [], []
    for i, j in combinations(range(len(x)), 2):
        different.append(abs(y[i] - y[j]) > z * np.sqrt(error[i] ** 2 + error[j] ** 2))
        gap.append(x[i] - x[j])
        sign.append(np.sign(y[i] - y[j]))
        weight.append(counts[i] * counts[j])
    different, gap, sign, weight = map(np.array, (different, gap, sign, weight))
    ds = roc_auc_score(different, np.abs(gap), sample_weight=weight)
    gap, sign, weight = gap[different], sign[different], weight[different]
    bw = roc_auc_score(
        np.r_[sign > 0, sign < 0], np.r_[gap, -gap], sample_weight=np.r_[weight, weight]
    )
    return ds, bw, np.average(gap * sign > 0, weights=weight)


def sample(seed, ties=False):
    random = np.random.default_rng(seed)
    y, error = random.uniform(1, 5, 30), random.uniform(0.2, 0.6, 30)
    x = y + random.normal(0, 0.8, 30)
    return (np.round(x), np.round(2 * y) / 2, error) if ties else (x, y, error)


def test_by_hand():
    """Labels 1 1.1 3 5, standard errors 1/4: a difference is seen above 1.645 * .3536 = .5816, in
    all pairs but the first. Gaps of predictions, better minus worse, are 2 4 1 3 2, that of the
    similar pair is 1: the area is the share of gaps above it, ties half."""
    found = krasula([0, 1, 2, 4], [1, 1.1, 3, 5], [0.25] * 4)
    assert (found.different, found.similar) == (5, 1)
    gaps = np.array([2, 4, 1, 3, 2])
    assert found.auc_ds == pytest.approx(np.mean((gaps > 1) + (gaps == 1) / 2))
    assert (found.auc_bw, found.c0) == (1, 1)


def test_a_wrong_pair_by_hand():
    """Labels 1 3 5, no error: all pairs differ; predictions 0 3 2 give gaps 3, 2, -1. C0 = 2/3.
    AUC_BW counts a + b > 0 over all 9 ordered pairs: only -1 with -1 is not: 8/9."""
    found = krasula([0, 3, 2], [1, 3, 5], [0, 0, 0])
    assert found.c0 == pytest.approx(2 / 3)
    assert found.auc_bw == pytest.approx(8 / 9)
    assert np.isnan(found.auc_ds)  # no similar pair


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("z", [0.5, 1.645, 2.0])
def test_equals_sklearns_areas(ties, z):
    for seed in range(3):
        x, y, error = sample(seed, ties)
        found = krasula(x, y, error, z)
        assert (found.auc_ds, found.auc_bw, found.c0) == pytest.approx(by_sklearn(x, y, error, z))


def test_order_of_pictures_does_not_matter():
    x, y, error = sample(0)
    turned = krasula(x[::-1], y[::-1], error[::-1])
    assert vars(turned) == pytest.approx(vars(krasula(x, y, error)))


def test_a_reversed_model_is_as_wrong_as_it_was_right():
    x, y, error = sample(1)
    right, wrong = krasula(x, y, error), krasula(-x, y, error)
    assert wrong.auc_ds == pytest.approx(right.auc_ds)
    assert (wrong.auc_bw, wrong.c0) == pytest.approx((1 - right.auc_bw, 1 - right.c0))


def test_resamples_count_pairs_as_often_as_both_are_drawn():
    x, y, error = sample(2)
    counts = np.random.default_rng(0).integers(0, 3, (4, 30)).astype(np.int32)
    found = judged(pairs_of(x, y, error), counts)
    for row, drawn in zip(found, counts, strict=True):
        assert row == pytest.approx(by_sklearn(x, y, error, 1.645, drawn))


def test_of_very_many_pairs_a_sample_is_judged(monkeypatch):
    x, y, error = (np.tile(part, 4) for part in sample(3))
    whole = krasula(x, y, error)
    monkeypatch.setattr("iqabench.stats.pairs.MOST_PAIRS", 4000)
    pairs = pairs_of(x, y, error)
    assert len(set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))) == 4000
    assert (pairs.second < pairs.first).all() and pairs.first.max() < 120
    assert (pairs.second >= 0).all()
    some = krasula(x, y, error)
    assert some.different + some.similar == 4000
    assert some.auc_ds == pytest.approx(whole.auc_ds, abs=0.05)


def test_constant_tied_and_tiny_samples():
    constant = krasula([2, 2, 2], [1, 3, 5], [0.1] * 3)
    assert (constant.auc_bw, constant.c0) == (0.5, 0)  # ties are wrong
    similar = krasula([1, 2, 3], [1, 1, 1], [0, 0, 0])
    assert (similar.different, similar.similar) == (0, 3)
    assert np.isnan([similar.auc_ds, similar.auc_bw, similar.c0]).all()
    for size in (0, 1):
        found = krasula(*[np.zeros(size)] * 3)
        assert (found.different, found.similar) == (0, 0) and np.isnan(found.c0)


@pytest.mark.parametrize(
    ("x", "y", "error", "z"),
    [
        ([np.nan, 1], [1, 2], [0, 0], 1),
        ([1, 2], [1, 2], [0, -1], 1),
        ([1, 2], [1, 2], [0, 0], -1),
        ([1, 2], [1, 2], [0, 0], np.nan),
        ([1, 2], [1, 2], [0], 1),
    ],
)
def test_what_is_no_sample_is_refused(x, y, error, z):
    with pytest.raises(ValueError):
        krasula(x, y, error, z)
