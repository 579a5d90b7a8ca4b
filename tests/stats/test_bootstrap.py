import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import stats

from iqabench.stats import (
    content_counts,
    interval,
    krocc,
    mean_of_drawn,
    plcc,
    repeated_bootstrap,
    repetition_samples,
    rmse,
    srocc,
    weighted_krocc,
    weighted_plcc,
    weighted_rmse,
    weighted_srocc,
)

STATISTICS = [
    (weighted_srocc, srocc),
    (weighted_plcc, plcc),
    (weighted_krocc, krocc),
    (weighted_rmse, rmse),
]


def sample(seed, n=60, decimals=15):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return np.round(x, decimals), np.round(x + rng.normal(size=n), decimals)


def repeated(plain, x, y, counts):
    """The plain statistic of every resample, written out."""
    return np.array([plain(np.repeat(x, row), np.repeat(y, row)) for row in counts])


def model(seed, contents, images=12):
    """Predictions, labels and content labels of one repetition."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(contents, images)
    quality = rng.normal(size=labels.size)
    return quality + rng.normal(size=labels.size), quality, labels


@pytest.mark.parametrize(("weighted", "plain"), STATISTICS)
@pytest.mark.parametrize("decimals", [15, 1, 0])  # 1 and 0 make ties
@pytest.mark.parametrize("n", [1, 2, 3, 5, 60])
def test_counts_equal_repetition(weighted, plain, decimals, n):
    x, y = sample(n, n, decimals)
    counts = np.random.default_rng(n).poisson(0.8, size=(50, n))
    np.testing.assert_allclose(
        weighted(x, y, counts), repeated(plain, x, y, counts), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize(("weighted", "plain"), STATISTICS)
def test_counts_equal_repetition_across_chunks(weighted, plain):
    x, y = sample(0, 2000, 2)
    counts, _ = content_counts(np.arange(2000), 70, seed=1)  # 65 rows fill a chunk
    np.testing.assert_allclose(
        weighted(x, y, counts), repeated(plain, x, y, counts), rtol=0, atol=1e-12
    )


def test_unit_counts_equal_scipy():
    x, y = sample(3, decimals=1)
    ones = np.ones((1, x.size), dtype=int)
    assert weighted_srocc(x, y, ones)[0] == pytest.approx(
        stats.spearmanr(x, y).statistic, abs=1e-12
    )
    assert weighted_plcc(x, y, ones)[0] == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("decimals", [15, 1, 0])
def test_krocc_of_counts_equals_scipys_of_the_repeated_sample(decimals):
    x, y = sample(8, 40, decimals)
    counts = np.random.default_rng(1).poisson(1.0, size=(30, 40))
    expected = [stats.kendalltau(np.repeat(x, row), np.repeat(y, row)).statistic for row in counts]
    np.testing.assert_allclose(weighted_krocc(x, y, counts), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_plcc_keeps_its_digits_next_to_an_outlier(offset):
    # A resample without the outlier lies far from the centre in units of its own spread.
    x, y = sample(4)
    x[0], y[1] = 1e6, -1e7
    counts = np.random.default_rng(0).poisson(1.0, size=(200, x.size))
    expected = repeated(plcc, x + offset, y, counts)
    np.testing.assert_allclose(weighted_plcc(x + offset, y, counts), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("statistic", [weighted_srocc, weighted_plcc, weighted_krocc])
def test_undefined_resamples_are_nan(statistic):
    x = np.array([0.1, 0.1, 0.3, 0.4])
    y = np.array([1.0, 2.0, 3.0, 4.0])
    counts = [
        [0, 0, 0, 0],  # empty
        [1, 1, 0, 0],  # two samples
        [0, 0, 3, 0],  # one sample three times
        [3, 4, 0, 0],  # x constant, y not
        [1, 1, 1, 0],  # defined
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = statistic(x, y, counts)
    np.testing.assert_array_equal(np.isnan(result), [True, True, True, True, False])


def test_rmse_is_undefined_for_the_empty_resample_only():
    # rows: nothing; 3 twice; 3, 4, 4: sqrt((9 + 16 + 16) / 3)
    result = weighted_rmse([3.0, 4.0], [0.0, 0.0], [[0, 0], [2, 0], [1, 2]])
    np.testing.assert_allclose(result, [np.nan, 3.0, np.sqrt(41 / 3)])


@pytest.mark.parametrize(("weighted", "plain"), STATISTICS)
def test_large_counts_do_not_overflow(weighted, plain):
    # Multiplying all counts leaves PLCC, KROCC, RMSE and (mid-ranks being affine in it) SROCC.
    x, y = sample(5, 50, 1)
    counts = np.random.default_rng(0).integers(0, 4, size=(20, 50))
    np.testing.assert_allclose(
        weighted(x, y, counts * 10**7), weighted(x, y, counts), rtol=0, atol=1e-9
    )


@pytest.mark.parametrize("statistic", [pair[0] for pair in STATISTICS])
def test_no_samples(statistic):
    assert np.isnan(statistic([], [], np.zeros((3, 0), dtype=int))).all()


@pytest.mark.parametrize("statistic", [pair[0] for pair in STATISTICS])
@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([1, 1, 1], r"shape \(resamples, 3\), not \(3,\)"),
        ([[1, 1]], r"shape \(resamples, 3\), not \(1, 2\)"),
        ([[1.0, 1.0, 0.5]], "integers"),
        ([[1, -1, 1]], "negative"),
    ],
)
def test_bad_counts_are_refused(statistic, counts, reason):
    with pytest.raises(ValueError, match=reason):
        statistic([1, 2, 3], [1, 2, 3], counts)


def test_same_resamples_as_scipy_give_the_same_interval():
    # scipy's bootstrap draws places in the sample; the statistic notes them on the way.
    x, y = sample(6, 80, 1)
    places = []

    def by_place(index):
        places.append(index)
        return stats.spearmanr(x[index], y[index]).statistic

    result = stats.bootstrap(
        (np.arange(80),), by_place, n_resamples=300, method="percentile", vectorized=False, rng=0
    )
    draws = [index for index in places if not np.array_equal(index, np.arange(80))]
    counts = np.array([np.bincount(index, minlength=80) for index in draws])
    distribution = weighted_srocc(x, y, counts)
    np.testing.assert_allclose(distribution, result.bootstrap_distribution, rtol=0, atol=1e-12)
    assert interval(distribution) == pytest.approx(tuple(result.confidence_interval), abs=1e-12)


def test_content_counts():
    contents = np.array(["b", "a", "b", "c"])
    counts, column = content_counts(contents, 5000, seed=0)
    assert counts.shape == (5000, 3)
    np.testing.assert_array_equal(column, [1, 0, 1, 2])
    np.testing.assert_array_equal(counts.sum(axis=1), 3)
    # Each column is binomial(3, 1/3): mean 1, variance 2/3, covariance of two -1/3.
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=0.05)
    np.testing.assert_allclose(np.cov(counts.T), np.eye(3) - 1 / 3, atol=0.05)


@pytest.mark.parametrize("size", [1, 7, 2000])
def test_draws_are_those_of_numpys_integers(size):
    counts, _ = content_counts(np.arange(size), 100, seed=5)
    stream = np.random.default_rng(np.random.SeedSequence(5).spawn(1)[0])
    expected = [np.bincount(row, minlength=size) for row in stream.integers(size, size=(100, size))]
    np.testing.assert_array_equal(counts, expected)


def test_draws_depend_on_labels_and_seed_alone():
    one, _ = content_counts([3, 1, 2, 1], 50, seed=4)
    other, _ = content_counts([1, 2, 3, 3, 3], 50, seed=4)
    np.testing.assert_array_equal(one, other)
    assert (one != content_counts([1, 2, 3], 50, seed=5)[0]).any()


@pytest.mark.parametrize(("weighted", "plain"), STATISTICS)
@pytest.mark.parametrize("decimals", [15, 1])
@pytest.mark.parametrize("contents", [7, 150, 300])  # by pairs of contents, and by samples
def test_what_is_summed_within_contents_equals_the_repeated_samples(
    monkeypatch, weighted, plain, decimals, contents
):
    monkeypatch.setattr("iqabench.stats.weighted._PAIR_CELLS", 1000)  # some rows of pairs at once
    x, y = sample(5, 300, decimals)
    names = np.random.default_rng(6).permutation(np.arange(300) % contents)
    found = repetition_samples([(x, y, names)], statistic=weighted, resamples=20, seed=2)[:, 0]
    counts, column = content_counts(names, 20, seed=2)
    expected = repeated(plain, x, y, counts[:, column])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_one_repetition_is_the_content_bootstrap():
    x, y, contents = model(0, range(8))
    counts, column = content_counts(contents, 100, seed=7)
    expected = repeated(srocc, x, y, counts[:, column])
    result = repeated_bootstrap([(x, y, contents)], resamples=100, seed=7)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [4, 40])
def test_chunks_do_not_change_the_draws(monkeypatch, size):
    repetitions = [model(seed, range(size)) for seed in range(3)]
    whole = repeated_bootstrap(repetitions, resamples=101, seed=1)
    monkeypatch.setattr("iqabench.stats.bootstrap._COUNT_CELLS", 1000)
    monkeypatch.setattr("iqabench.stats.bootstrap._DRAWN_CELLS", 700)
    monkeypatch.setattr("iqabench.stats.weighted._CELLS", 500)
    np.testing.assert_array_equal(repeated_bootstrap(repetitions, resamples=101, seed=1), whole)


def test_repetitions_are_drawn_and_averaged():
    # A statistic that ignores its data, 0 in the first repetition and 1 in the second: a resample
    # draws two of them, so that the mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4.
    def which(x, y, counts):
        return np.full(len(counts), x[0])

    repetitions = [([0.0] * 3, [0.0] * 3, "abc"), ([1.0] * 3, [0.0] * 3, "abc")]
    repetitions = [(x, y, list(labels)) for x, y, labels in repetitions]
    result = repeated_bootstrap(repetitions, statistic=which, resamples=4000)
    values, share = np.unique(result, return_counts=True)
    np.testing.assert_array_equal(values, [0, 0.5, 1])
    np.testing.assert_allclose(share / 4000, [0.25, 0.5, 0.25], atol=0.03)


def test_one_draw_of_contents_serves_every_repetition():
    seen = []

    def note(x, y, counts):
        seen.append(counts.copy())
        return np.zeros(len(counts))

    repetitions = [([0, 0, 0], [0, 0, 0], [1, 2, 3]), ([0, 0, 0], [0, 0, 0], [3, 4, 1])]
    repeated_bootstrap(repetitions, statistic=note, resamples=200, seed=2)
    first, second = seen
    np.testing.assert_array_equal(first[:, [2, 0]], second[:, [0, 2]])
    union, _ = content_counts([1, 2, 3, 4], 200, seed=2)
    np.testing.assert_array_equal(first, union[:, :3])


@pytest.mark.parametrize(
    "statistic", [pair[0] for pair in STATISTICS], ids=["srocc", "plcc", "krocc", "rmse"]
)
def test_models_are_paired(statistic):
    # Equal models differ by nothing in every resample, though their images come in another order.
    x, y, contents = model(1, [f"c{i}" for i in range(6)])
    turned = np.argsort(x)
    one = repeated_bootstrap([(x, y, contents)] * 3, statistic=statistic, resamples=200, seed=3)
    other = repeated_bootstrap(
        [(x[turned], y[turned], contents[turned])] * 3, statistic=statistic, resamples=200, seed=3
    )
    np.testing.assert_allclose(one - other, 0, atol=1e-12)
    assert one.std() > 0


def test_folds_without_drawn_contents_are_left_out():
    # Four folds of one content each; a resample misses at least one unless it draws all four.
    folds = [model(i, [i], images=20) for i in range(4)]
    plain = [srocc(x, y) for x, y, _ in folds]
    result = repeated_bootstrap(folds, resamples=3000, seed=0)
    # Drawing a content twice leaves its correlation, so that each value is a mean of plain ones.
    assert np.nanmin(result) == pytest.approx(min(plain), abs=1e-12)
    assert np.nanmax(result) == pytest.approx(max(plain), abs=1e-12)
    # nan where the drawn contents C and folds F are disjoint: by number of distinct contents,
    # (4 * 1 * 3^4 + 84 * 2^4 + 144 * 1^4) / 4^8 with 4, 84, 144 draws of 1, 2, 3 distinct ones.
    expected = (4 * 81 + 84 * 16 + 144) / 4**8
    assert np.isnan(result).mean() == pytest.approx(expected, abs=0.01)


def test_constant_predictions_have_no_distribution():
    _, y, contents = model(2, range(5))
    result = repeated_bootstrap([(np.ones(y.size), y, contents)], resamples=20)
    assert np.isnan(result).all()
    assert np.isnan(interval(result)).all()


@pytest.mark.parametrize(
    ("repetitions", "reason"),
    [
        ([], "at least one repetition"),
        ([([1, 2], [1, 2], [1, 2]), ([1, np.nan], [1, 2], [1, 2])], "^prediction of repetition 1"),
        ([([1, 2], [1, np.inf], [1, 2])], "^quality of repetition 0 holds NaN or infinity"),
        ([([1, 2], [1, 2], [1])], "^contents of repetition 0 must be as long"),
        ([([], [], [])], "^contents of repetition 0 must be one-dimensional and not empty"),
        ([([1, 2], [1, 2], [1.0, np.nan])], "^contents of repetition 0 holds a missing label"),
        ([([1, 2], [1, 2], np.array(["a", None]))], "^contents holds labels that are missing"),
    ],
)
def test_bad_repetitions_are_refused(repetitions, reason):
    with pytest.raises(ValueError, match=reason):
        repeated_bootstrap(repetitions, resamples=2)


def test_no_resamples_are_refused():
    with pytest.raises(ValueError, match="at least 1, not 0"):
        repeated_bootstrap([model(0, range(3))], resamples=0)
    with pytest.raises(ValueError, match="at least 1, not -1"):
        content_counts([1, 2], -1, seed=0)


def test_interval():
    # Between 0 and 100 in steps of 1 the quantile q is 100 q.
    assert interval(np.arange(101), level=0.9) == pytest.approx((5, 95))
    assert interval([*range(101), np.nan]) == pytest.approx((2.5, 97.5))
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        interval([1.0, 2.0], level=95)
    with pytest.raises(ValueError, match="one-dimensional"):
        interval([[1.0, 2.0]])


@pytest.mark.parametrize(("statistic", "resamples"), [(weighted_srocc, 400), (weighted_krocc, 5)])
def test_memory_stays_bounded(statistic, resamples):
    x, y = sample(7, 5000)
    tracemalloc.start()
    try:
        repeated_bootstrap([(x, y, np.arange(5000))] * 2, statistic=statistic, resamples=resamples)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64e6


def test_what_is_undefined_for_one_model_is_left_out_for_both():
    """Repetition 1 of the second model is constant, so only repetition 0 is compared."""
    first = [model(1, list("abcd")), model(2, list("abcd"))]
    noisy = np.random.default_rng(5).normal(size=first[0][0].size)
    second = [(first[0][0] + noisy, *first[0][1:]), (np.ones(noisy.size), *first[1][1:])]
    a, b = (repetition_samples(side, resamples=300) for side in (first, second))
    found = mean_of_drawn(a - b)
    only = [repeated_bootstrap(side[:1], resamples=300) for side in (first, second)]
    drawn = np.isfinite(found)  # in a quarter of the resamples repetition 0 is not drawn
    assert 0.6 < drawn.mean() < 0.9
    np.testing.assert_allclose(found[drawn], (only[0] - only[1])[drawn], rtol=0, atol=1e-12)
