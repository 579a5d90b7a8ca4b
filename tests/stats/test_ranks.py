from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats

from iqabench.stats import cliques, critical_difference, friedman, nemenyi

# Demsar (2006), table 6: ranks of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets.
DEMSAR = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)


def test_demsars_example():
    """He prints average ranks 3.143 2.000 2.893 1.964, chi2 = 9.28 and CD = 1.25, without a
    correction for ties: three pairs and one four tied of 14 blocks, (3 * 6 + 60) / (14 * 60)."""
    found = friedman(-DEMSAR)
    assert found.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.chi2 * (1 - 78 / 840) == pytest.approx(9.28, abs=0.005)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)


def test_imans_and_davenports_f_by_hand():
    """Three blocks, rank sums 3, 7, 8: chi2 = 12 / (3 * 3 * 4) (9 + 49 + 64) - 3 * 3 * 4 = 14/3,
    F = 2 (14/3) / (3 * 2 - 14/3) = 7 with 2 and 4 degrees of freedom: p = (1 + 7/2)^-2 = .0494."""
    found = friedman([[9, 5, 4], [9, 5, 4], [9, 4, 5]])
    assert found.chi2 == pytest.approx(14 / 3)
    assert found.f == pytest.approx(7)
    assert found.p_f == pytest.approx(4.5**-2)


@pytest.mark.parametrize("ties", [False, True])
def test_equals_scipys(ties):
    random = np.random.default_rng(0)
    for blocks, models in ((2, 3), (5, 4), (12, 9)):
        scores = random.normal(size=(blocks, models))
        scores = np.round(2 * scores) if ties else scores
        expected = stats.friedmanchisquare(*scores.T)
        found = friedman(scores)
        assert (found.chi2, found.p) == pytest.approx((expected.statistic, expected.pvalue))


# Friedman's exact distribution, as tabled by Siegel (1956), table N.
@pytest.mark.parametrize(
    ("sums", "blocks", "p"),
    [((3, 6, 9), 3, 0.028), ((4, 8, 12), 4, 0.0046), ((5, 7, 12), 4, 0.042)],
)
def test_exact_p_of_few_blocks(sums, blocks, p):
    rows = next(
        rows
        for rows in product(permutations((1, 2, 3)), repeat=blocks)
        if tuple(np.sum(rows, axis=0)) == sums
    )
    assert friedman(-np.array(rows)).p_permuted == pytest.approx(p, abs=5e-4)


def test_two_blocks_that_agree_prove_little():
    """One of 3! orders of the second block agrees with the first: p is 1/6, whatever F says."""
    found = friedman([[3, 2, 1], [9, 8, 7]])
    assert (found.f, found.p_f) == (np.inf, 0)
    assert found.p_permuted == pytest.approx(1 / 6)


def test_random_rankings_come_near_chi_squared_where_blocks_are_many():
    scores = np.random.default_rng(3).normal(size=(40, 5)) + np.array([0.3, 0.2, 0, 0, 0])
    found = friedman(scores)
    assert found.p_permuted == pytest.approx(found.p, abs=0.02)
    assert found == friedman(scores)


def test_only_the_order_within_a_block_counts():
    scores = np.random.default_rng(4).normal(size=(6, 4))
    assert friedman(scores) == friedman(np.exp(scores) + np.arange(6)[:, None])


def test_all_tied_ranks_nothing():
    found = friedman(np.ones((4, 3)))
    assert found.ranks == (2, 2, 2)
    assert np.isnan([found.chi2, found.p, found.f, found.p_f, found.p_permuted]).all()


@pytest.mark.parametrize(
    "scores", [[[1, 2, 3]], [[1, 2], [3, 4]], [[1, 2, 3], [1, np.nan, 3]], [1, 2, 3]]
)
def test_what_cannot_be_ranked_is_refused(scores):
    with pytest.raises(ValueError):
        friedman(scores)


# Demsar (2006), table 5a: q at .05 for 2 to 10 models.
@pytest.mark.parametrize(
    ("models", "q"),
    list(enumerate([1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164], 2)),
)
def test_critical_values_are_demsars(models, q):
    """CD = q where k (k + 1) = 6 N."""
    blocks = models * (models + 1) / 6
    assert critical_difference(models, blocks) == pytest.approx(q, abs=0.002)


def test_critical_difference_of_six_models_on_four_sets():
    assert critical_difference(6, 4) == pytest.approx(3.77, abs=0.005)


def test_pairs_equal_scikit_posthocs():
    scores = np.random.default_rng(5).normal(size=(7, 5)) + np.arange(5)
    expected = scikit_posthocs.posthoc_nemenyi_friedman(pd.DataFrame(scores)).to_numpy()
    found = nemenyi(friedman(scores).ranks, 7)
    np.testing.assert_allclose(found, expected, atol=2e-3)  # it takes a finite number for infinity


def test_a_pair_as_far_apart_as_the_critical_difference_has_p_alpha():
    width = critical_difference(4, 10)
    assert nemenyi([1, 1 + width, 2, 3], 10)[0, 1] == pytest.approx(0.05, abs=1e-6)


@pytest.mark.parametrize(
    ("ranks", "width", "expected"),
    [
        ([1, 2, 3, 4], 0.5, []),
        ([1, 2, 3, 4], 5, [(0, 1, 2, 3)]),
        ([4, 3, 2, 1], 1, [(3, 2), (2, 1), (1, 0)]),
        ([1, 1.5, 2, 4, 4.5], 1, [(0, 1, 2), (3, 4)]),
        ([1, 1.5, 2.2, 2.9], 1.4, [(0, 1, 2), (1, 2, 3)]),
        ([2, 2, 2], 0.1, [(0, 1, 2)]),
    ],
)
def test_cliques_by_hand(ranks, width, expected):
    assert cliques(ranks, width) == expected
