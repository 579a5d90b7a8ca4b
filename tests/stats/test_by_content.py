import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import stats

from iqabench.stats import by_content
from iqabench.stats.by_content import (
    cohens_d,
    content_means,
    content_t,
    contents_needed,
    sign_flip,
)

# Student, "The probable error of a mean", Biometrika 6, 1908: additional hours of sleep of ten
# patients by two drugs. t = -4.0621 with 9 degrees of freedom, p = .00283 (R: t.test(extra ~ group,
# data = sleep, paired = TRUE)).
FIRST = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
SECOND = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])


def test_students_own_example():
    found = content_t(FIRST - SECOND)
    assert found.statistic == pytest.approx(-4.0621, abs=5e-5)
    assert found.p == pytest.approx(0.00283, abs=5e-6)


def test_effect_size_of_students_example():
    # t = d sqrt(n)
    assert cohens_d(FIRST - SECOND) == pytest.approx(-4.0621 / np.sqrt(10), abs=5e-5)


def test_many_samples_equal_scipys():
    differences = np.random.default_rng(0).normal(0.3, 1, size=(4, 5, 9))
    expected = stats.ttest_1samp(differences, 0, axis=-1)
    np.testing.assert_allclose(content_t(differences).statistic, expected.statistic)
    np.testing.assert_allclose(content_t(differences).p, expected.pvalue)


def test_sign_flip_by_hand():
    # Of the 8 patterns of (1, 2, 4), only the one observed and its opposite reach a sum of 7; with
    # (1, 2, -4) those of 1, 2 and 4 with any signs that sum to 1 or more in size: all.
    assert sign_flip([1.0, 2.0, 4.0]).p == 2 / 8
    assert sign_flip([1.0, 2.0, -4.0]).p == 1
    assert sign_flip([1.0, 2.0, 4.0]).statistic == pytest.approx(7 / 3)


def test_ties_count_in_spite_of_rounding():
    # The four patterns up to sign sum to .4, .2 (as observed), 0 and -.2 (in another order).
    assert sign_flip([0.1, 0.2, -0.1]).p == 3 / 4


@pytest.mark.parametrize("contents", [6, 10, 13])
def test_exact_p_equals_scipys_permutation_test(contents):
    differences = np.random.default_rng(contents).normal(0.5, 1, contents)
    expected = stats.permutation_test(
        (differences, np.zeros(contents)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert sign_flip(differences).p == pytest.approx(expected.pvalue, abs=1e-12)


def test_sampled_p_comes_close_to_the_exact_one(monkeypatch):
    differences = np.random.default_rng(3).normal(0.5, 1, size=(3, 16))
    exact = sign_flip(differences).p
    monkeypatch.setattr(by_content, "EXACT_CONTENTS", 15)
    sampled = sign_flip(differences, flips=20_000)
    np.testing.assert_array_equal(sampled.p, sign_flip(differences, flips=20_000).p)
    error = np.sqrt(exact * (1 - exact) / 20_000)
    assert (np.abs(sampled.p - exact) < 4 * error).all()


def test_sampled_p_is_never_zero():
    assert sign_flip(np.ones(60), flips=99).p == 1 / 100


@pytest.mark.parametrize("contents", [5, 6, 8])
def test_sign_flip_cannot_go_below_two_patterns(contents):
    assert sign_flip(1 + np.arange(contents)).p == 2 / 2**contents


@pytest.mark.parametrize(
    ("tests", "contents"),
    # 2 / 2^6 = .031; 3 pairs need 2 / 2^n <= .0167: 7; 66 pairs .00076: 2 / 2^12 = .00049.
    [(0, 6), (1, 6), (3, 7), (66, 12)],
)
def test_contents_that_a_family_needs(tests, contents):
    assert contents_needed(tests) == contents


@pytest.mark.parametrize("test", [content_t, sign_flip])
def test_no_differences_at_all(test):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert test(np.zeros(8)).p == 1
        assert cohens_d(np.zeros(8)) == 0


def test_nothing_to_test():
    assert np.isnan(content_t([0.3]).p)
    assert np.isnan(cohens_d([0.3]))
    assert np.isnan(sign_flip([]).p)


def test_every_content_counts_once():
    values = [1.0, 3.0, 10.0, 0.0, 0.0, 3.0]
    contents = ["b", "b", "c", "a", "a", "a"]
    np.testing.assert_allclose(content_means(values, contents), [1, 2, 10])


def test_ten_thousand_contents_take_little_memory():
    """As many as authentic sets have, where each image is a content: signs come in parts."""
    differences = np.random.default_rng(0).normal(0.02, 1, 10_000)
    tracemalloc.start()
    found = sign_flip(differences, flips=500)
    assert tracemalloc.get_traced_memory()[1] < 40e6
    tracemalloc.stop()
    expected = stats.norm.sf(abs(differences.sum()) / np.sqrt((differences**2).sum())) * 2
    assert found.p == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 500))


def test_groups_of_unequal_size_weigh_the_same():
    contents, groups = ["p", "p", "q", "r", "s"], ["x", "x", "x", "x", "y"]
    found = content_means([1, 3, 5, 6, 40], contents, groups)
    # 4 contents, 2 groups; x has 3 contents with means 2, 5 and 6, y has 1 with 40.
    assert found == pytest.approx([2 * 4 / 6, 5 * 4 / 6, 6 * 4 / 6, 40 * 4 / 2])
    assert found.mean() == pytest.approx(((2 + 5 + 6) / 3 + 40) / 2)


def test_contents_in_every_group_are_means_over_groups():
    contents, groups = ["p", "p", "p", "q", "q"], ["x", "x", "y", "x", "y"]
    found = content_means([1, 3, 10, 4, 8], contents, groups)
    assert found == pytest.approx([(2 + 10) / 2, (4 + 8) / 2])
    assert content_means([1, 3, 10, 4, 8], contents) == pytest.approx([14 / 3, 6])


@pytest.mark.parametrize("sizes", [(4, 4, 4), (5, 5, 20), (50, 50, 200)])
@pytest.mark.parametrize("means", [(0, 0, 0), (0.5, 0.5, -1)])
def test_weighted_contents_keep_the_level(sizes, means):
    """The mean over groups of the differences is 0, also where those of groups cancel."""
    groups = np.repeat(np.arange(3), sizes)
    weights = content_means(np.ones(groups.size), np.arange(groups.size), groups)
    gaps = np.random.default_rng(0).normal(size=(4000, groups.size)) + np.array(means)[groups]
    assert (content_t(gaps * weights).p < 0.05).mean() < 0.06
