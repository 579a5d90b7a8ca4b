"""Each procedure on two models, against scipy and against formulas written out here."""

import itertools

import numpy as np
import pytest
from scipy import stats

from iqabench.report.evaluations import groups
from iqabench.report.procedures import Pair, finding
from iqabench.report.scores import scores

NAMES = [
    *("content-t", "sign-flip", "paper", "pitman-morgan", "f", "williams", "steiger", "meng"),
    *("fisher", "williams-rank", "steiger-rank", "meng-rank", "fisher-rank"),
]


@pytest.fixture
def pair_of(book):
    """Makes a pair of the models ``one`` and ``two`` with these predictions."""

    count = itertools.count()

    def make(one, two, mapping="none", **keys):
        jobs = [
            book.add(label, predictions, name=f"{label}-{next(count)}", **keys)
            for label, predictions in (("one", one), ("two", two))
        ]
        found = {group.record.predict: group for group in groups(book.store, mapping=mapping)}
        return Pair(*(scores(found[job]) for job in jobs))

    return make


def squares(book, predictions):
    return (predictions - book.table["quality"]) ** 2


def test_content_t_is_scipys_t_test_of_the_contents_mean_losses(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(0.6, seed=1)
    gaps = (squares(book, two) - squares(book, one)).groupby(book.table["content"]).mean()
    expected = stats.ttest_1samp(gaps, 0)
    found = finding(pair_of(one, two), "content-t")
    assert found.advantage == pytest.approx(gaps.mean())
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)


def test_sign_flips_of_twelve_contents_are_all_tried(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(0.4, seed=1)
    gaps = (squares(book, two) - squares(book, one)).groupby(book.table["content"]).mean()
    signs = 1 - 2 * (np.arange(2**12)[:, None] >> np.arange(12) & 1)
    sums = np.abs(signs @ gaps.to_numpy())
    expected = np.mean(sums >= abs(gaps.sum()) * (1 - 1e-12))
    assert finding(pair_of(one, two), "sign-flip").p == pytest.approx(expected)


def test_fishers_test_takes_the_two_correlations_for_independent(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(1.0, seed=1)
    found = finding(pair_of(one, two, folds=(0,)), "fisher")
    here = book.table["content"].isin(book.folds[0])
    ra, rb = (stats.pearsonr(x[here], book.table["quality"][here])[0] for x in (one, two))
    z = (np.arctanh(ra) - np.arctanh(rb)) / np.sqrt(2 / (here.sum() - 3))
    assert found.advantage == pytest.approx(ra - rb)
    assert found.statistic == pytest.approx(z)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_pitman_and_morgan_correlate_sums_with_differences(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(0.5, seed=1)
    found = finding(pair_of(one, two, folds=(0,)), "pitman-morgan")
    here = book.table["content"].isin(book.folds[0])
    x, y = ((p - book.table["quality"])[here] for p in (one, two))
    expected = stats.pearsonr(x + y, x - y)
    assert found.advantage == pytest.approx(y.var(ddof=0) - x.var(ddof=0))
    assert found.p == pytest.approx(expected.pvalue)


def test_the_papers_test_is_a_t_test_of_raw_errors_where_these_are_normal(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(0.6, seed=1) + 0.1
    errors = [predictions - book.table["quality"] for predictions in (one, two)]
    found = finding(pair_of(one, two), "paper")
    assert found.detail == "independent t of 72 raw residuals"
    assert found.p == pytest.approx(stats.ttest_ind(*errors).pvalue)


def test_ranks_make_a_test_blind_to_any_rising_change(book, pair_of):
    one, two = book.noisy(0.3), book.noisy(0.6, seed=1)
    plain = finding(pair_of(one, two, folds=(0,)), "steiger-rank")
    bent = finding(pair_of(np.exp(one), two**3, folds=(0,), config="e" * 16), "steiger-rank")
    assert (plain.advantage, plain.p) == (bent.advantage, bent.p)


@pytest.mark.parametrize("name", NAMES)
def test_two_equal_models_do_not_differ(book, pair_of, name):
    one = book.noisy(0.3)
    found = finding(pair_of(one, one), name)
    assert found.advantage == pytest.approx(0, abs=1e-12)
    assert not found.p < 0.99


@pytest.mark.parametrize("name", NAMES)
def test_a_much_better_model_wins_and_the_sign_follows_the_order(book, pair_of, name):
    good, bad = book.noisy(0.2), book.noisy(2.0, seed=1)
    pair = pair_of(good, bad)
    here, there = finding(pair, name), finding(Pair(pair.b, pair.a), name)
    assert here.advantage > 0
    assert here.p < 0.01 or name == "paper"  # which compares means of errors, not their size
    assert there.advantage == pytest.approx(-here.advantage)
    assert there.p == pytest.approx(here.p)


@pytest.mark.parametrize("name", NAMES)
def test_only_pictures_that_both_scored_count(book, pair_of, name):
    one, two = book.noisy(0.3), book.noisy(0.6, seed=1)
    holes = one.copy()
    holes[::5] = np.nan
    twice = two.copy()
    twice[::5] = 1e6  # where the first has no score, the second may be as bad as it likes
    found = finding(pair_of(holes, twice), name)
    expected = finding(pair_of(holes, two, config="e" * 16), name)
    assert (found.advantage, found.p) == (expected.advantage, expected.p)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_common_picture_there_is_no_result(book, pair_of, name):
    one, two = book.noisy(0.3), book.noisy(0.6, seed=1)
    one[::2], two[1::2] = np.nan, np.nan
    found = finding(pair_of(one, two), name)
    assert np.isnan(found.p) and np.isnan(found.advantage)
