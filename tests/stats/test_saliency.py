import numpy as np
import pytest
from scipy.stats import entropy, pearsonr, zscore
from sklearn.metrics import roc_auc_score

from iqabench.stats import auc_judd, cc, information_gain, kld, nss, shuffled_auc, sim

RAMP = np.arange(12.0).reshape(3, 4)
NOWHERE = np.empty((0, 2), dtype=int)


def drawn(seed, size=(30, 40), count=25):
    """A map with ties, fixations on it and fixations elsewhere; places may come twice."""
    random = np.random.default_rng(seed)
    places = random.integers(0, size, (2 * count, 2))
    return random.integers(0, 40, size) / 10, places[:count], places[count:]


def test_nss_by_hand():
    """Values 0 0 0 4: mean 1, variance (1 + 1 + 1 + 9) / 4 = 3."""
    assert nss([[0, 0], [0, 4]], [[1, 1]]) == pytest.approx(np.sqrt(3))
    assert nss([[0, 0], [0, 4]], [[1, 1], [0, 0]]) == pytest.approx((3 - 1) / 2 / np.sqrt(3))


def test_nss_is_the_mean_standard_score():
    saliency, places, _ = drawn(0)
    scores = zscore(saliency, axis=None)
    assert nss(saliency, places) == pytest.approx(np.mean([scores[y, x] for y, x in places]))


def test_rows_are_y_and_columns_x():
    saliency = np.zeros((2, 5))
    saliency[1, 4] = 1
    assert nss(saliency, [[1, 4]]) == pytest.approx(3)  # mean .1, sd .3
    with pytest.raises(ValueError, match="outside the map of 2x5"):
        nss(saliency, [[4, 1]])


def test_auc_judd_by_hand():
    """Fixated 3 and 1; others 0, 2: 3 beats both, 1 beats one of two."""
    assert auc_judd([[3, 1], [0, 2]], [[0, 0], [0, 1]]) == 0.75
    assert auc_judd(RAMP, [[2, 3], [2, 2]]) == 1
    assert auc_judd(RAMP, [[0, 0]]) == 0
    assert auc_judd([[1, 1, 0]], [[0, 0]]) == 0.75  # a tie and a win


@pytest.mark.parametrize("seed", range(5))
def test_auc_judd_as_sklearn_has_it(seed):
    saliency, places, _ = drawn(seed)
    fixated = np.zeros(saliency.shape, dtype=bool)
    fixated[tuple(places.T)] = True
    expected = roc_auc_score(fixated.ravel(), saliency.ravel())
    assert auc_judd(saliency, places) == pytest.approx(expected, abs=1e-12)
    assert auc_judd(saliency, np.concatenate([places, places])) == auc_judd(saliency, places)


def judds_curve(saliency, places, random):
    """The published procedure: thresholds at the fixated values, ties broken by jitter."""
    jittered = saliency + random.random(saliency.shape) * 1e-7
    fixated = np.zeros(saliency.shape, dtype=bool)
    fixated[tuple(places.T)] = True
    thresholds = np.sort(jittered[fixated])[::-1]
    count = len(thresholds)
    above = [(jittered >= threshold).sum() for threshold in thresholds]
    hits = np.arange(1, count + 1) / count
    alarms = (np.array(above) - np.arange(1, count + 1)) / (saliency.size - count)
    return np.trapezoid([0, *hits, 1], [0, *alarms, 1]), count


@pytest.mark.parametrize("seed", range(3))
def test_auc_judd_differs_from_the_published_code_as_stated(seed):
    saliency, places, _ = drawn(seed)
    random = np.random.default_rng(seed)
    found = [judds_curve(saliency, places, random) for _ in range(40)]
    excess = np.mean([area for area, _ in found]) - auc_judd(saliency, places)
    assert 0 < excess <= 1 / (2 * found[0][1])


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_auc_as_sklearn_has_it(seed):
    saliency, places, others = drawn(seed)
    values = [saliency[tuple(some.T)] for some in (places, others)]
    kinds = [1] * len(places) + [0] * len(others)
    expected = roc_auc_score(kinds, np.concatenate(values))
    assert shuffled_auc(saliency, places, others) == pytest.approx(expected, abs=1e-12)


def test_shuffled_auc_by_hand():
    """Fixations on 5 and 5 again, others on 5 and 0: two ties and two wins."""
    assert shuffled_auc([[5, 0]], [[0, 0], [0, 0]], [[0, 0], [0, 1]]) == 0.75


def test_shuffled_auc_of_the_same_places_is_chance():
    saliency, places, _ = drawn(7)
    assert shuffled_auc(saliency, places, places) == pytest.approx(0.5, abs=1e-15)


def test_scale_does_not_matter():
    saliency, places, others = drawn(3)
    truth = drawn(4)[0]
    for scaled in (saliency * 255, saliency * 1e-6):
        assert nss(scaled, places) == pytest.approx(nss(saliency, places))
        assert auc_judd(scaled, places) == auc_judd(saliency, places)
        assert shuffled_auc(scaled, places, others) == shuffled_auc(saliency, places, others)
        for metric in (cc, sim, kld):
            assert metric(scaled, truth) == pytest.approx(metric(saliency, truth))
        assert information_gain(scaled, truth + 1, places) == pytest.approx(
            information_gain(saliency, truth + 1, places)
        )


def test_cc_is_pearsons():
    first, second = drawn(0)[0], drawn(1)[0]
    assert cc(first, second) == pytest.approx(pearsonr(first.ravel(), second.ravel()).statistic)
    assert cc(first, 3 * first + 1) == pytest.approx(1)
    assert cc(first, -first) == pytest.approx(-1)


def test_sim_by_hand():
    """1/4 3/4 and 1/2 1/2 share 1/4 + 1/2."""
    assert sim([[1, 3]], [[5, 5]]) == pytest.approx(0.75)
    assert sim([[1, 0]], [[0, 1]]) == 0
    assert sim(RAMP, 7 * RAMP) == pytest.approx(1)


def test_kld_by_hand_and_as_scipy_has_it():
    """Q = 1/2 1/2, P = 1/4 3/4: log(2)/2 + log(2/3)/2 = log(4/3)/2."""
    assert kld([[1, 3]], [[1, 1]]) == pytest.approx(np.log(4 / 3) / 2)
    predicted, truth = drawn(0)[0] + 0.1, drawn(1)[0]
    assert kld(predicted, truth) == pytest.approx(entropy(truth.ravel(), predicted.ravel()))
    assert kld(truth, truth) == pytest.approx(0, abs=1e-12)


def test_kld_of_a_predicted_zero_is_finite():
    """Q = 0 1, P = 1 0: log(1 / 2.2204e-16) = 36.04."""
    assert kld([[1, 0]], [[0, 1]]) == pytest.approx(36.0437, abs=1e-3)


def test_information_gain_by_hand():
    """At a place with 1/2 against 1/4: 1 bit; at one with 1/6 against 1/4: log2(2/3)."""
    density, uniform = [[3, 1], [1, 1]], np.ones((2, 2))
    assert information_gain(density, uniform, [[0, 0]]) == pytest.approx(1)
    assert information_gain(density, uniform, [[0, 0], [1, 1]]) == pytest.approx(
        (1 + np.log2(2 / 3)) / 2
    )
    assert information_gain(density, density, [[1, 1]]) == 0
    # log2(eps) - log2(1/2) = -52 + 1
    assert information_gain([[1, 0]], [[1, 1]], [[0, 1]]) == pytest.approx(-51, abs=1e-4)


def test_nothing_to_judge_by():
    truth = RAMP + 1
    assert np.isnan([nss(RAMP, NOWHERE), auc_judd(RAMP, NOWHERE)]).all()
    assert np.isnan(nss(RAMP, []))
    assert np.isnan([shuffled_auc(RAMP, NOWHERE, [[0, 0]]), shuffled_auc(RAMP, [[0, 0]], [])]).all()
    assert np.isnan(information_gain(truth, truth, NOWHERE))
    everywhere = np.argwhere(np.ones_like(RAMP))
    assert np.isnan(auc_judd(RAMP, everywhere))
    empty = np.zeros_like(RAMP)
    assert np.isnan(
        [sim(empty, truth), sim(truth, empty), kld(empty, truth), kld(truth, empty)]
    ).all()
    assert np.isnan(information_gain(empty, truth, [[0, 0]]))


@pytest.mark.parametrize("level", [0.1, 1.0])
def test_constant_maps_are_chance(level):
    """0.1 sums to a mean that is not exactly 0.1, so a computed deviation is not zero."""
    flat = np.full((3, 4), level)
    assert nss(flat, [[0, 1]]) == 0
    assert auc_judd(flat, [[0, 1], [2, 2]]) == 0.5
    assert shuffled_auc(flat, [[0, 1]], [[2, 2], [1, 1]]) == 0.5
    assert cc(flat, RAMP) == 0
    assert np.isnan([cc(RAMP, flat), cc(flat, flat)]).all()
    assert information_gain(flat, np.ones((3, 4)), [[1, 1]]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_maps_that_are_not_finite_are_refused(bad):
    broken = RAMP.copy()
    broken[1, 1] = bad
    for call in (
        lambda: nss(broken, [[0, 0]]),
        lambda: auc_judd(broken, [[0, 0]]),
        lambda: shuffled_auc(broken, [[0, 0]], [[1, 1]]),
        lambda: cc(broken, RAMP),
        lambda: sim(RAMP, broken),
        lambda: kld(broken, RAMP),
        lambda: information_gain(RAMP, broken, [[0, 0]]),
    ):
        with pytest.raises(ValueError, match="NaN or infinity"):
            call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nss(np.zeros(4), [[0, 0]]), r"map \(H, W\)"),
        (lambda: nss(np.zeros((0, 4)), []), r"map \(H, W\)"),
        (lambda: nss(RAMP, [[0.5, 1.0]]), "integers"),
        (lambda: nss(RAMP, [[0, 0, 0]]), r"\(N, 2\)"),
        (lambda: nss(RAMP, [[-1, 0]]), "outside"),
        (lambda: shuffled_auc(RAMP, [[0, 0]], [[3, 0]]), "others lie outside"),
        (lambda: cc(RAMP, RAMP.T), "of shape"),
        (lambda: sim(-RAMP, RAMP), "predicted holds negative"),
        (lambda: information_gain(RAMP, -RAMP, [[0, 0]]), "baseline holds negative"),
    ],
)
def test_what_is_no_map_or_place_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
