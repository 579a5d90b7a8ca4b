"""Metrics within groups of pictures, averaged over the groups."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iqabench import Results, Session
from iqabench.contract import UsageError
from iqabench.report import leaderboard
from iqabench.report.compare import compare
from iqabench.report.group_parts import without_groups
from iqabench.stats import fit_logistic
from iqabench.stats.bootstrap import content_counts

HASH = "1" * 16
METRICS = {"srocc": stats.spearmanr, "plcc": stats.pearsonr, "krocc": stats.kendalltau}


@pytest.fixture
def crossed(book):
    """Every content has pictures of both distortions; `rare` is two pictures of a content."""
    numbers = np.arange(len(book.table)) % 6
    book.table["distortion"] = np.where(numbers % 2, "blur", "noise")
    rare = (book.table["content"] == "c00") & (numbers < 2)
    book.table.loc[rare, "distortion"] = "rare"
    return grouped(book)


@pytest.fixture
def nested(book):
    """Three subsets of unequal numbers of contents, whose pictures differ in quality."""
    place = book.table.groupby("content").ngroup()
    subset = np.where(place < 6, 0, np.where(place < 10, 1, 2))
    book.table["distortion"] = np.array(["poor", "fair", "good"])[subset]
    book.table["quality"] += 4 * subset
    return grouped(book)


def grouped(book):
    book.store.save_table("set", HASH, book.table)
    book.give = lambda label, scores, **keys: book.add(label, scores, test_hash=HASH, **keys)
    return book


def board(book, **asked):
    found = leaderboard.leaderboard(book.store, within="distortion", **asked)
    return found.set_index("model", drop=False)


def parts(book, fold):
    """The pictures of a repetition's groups that have three of them."""
    inside = book.table[book.table["content"].isin(book.folds[fold])]
    return [part for _, part in inside.groupby("distortion") if len(part) >= 3]


def means(book, scores, statistic):
    """For every repetition the mean over its groups, by scipy."""
    return [
        np.mean(
            [statistic(scores[part.index], part["quality"]).statistic for part in parts(book, k)]
        )
        for k in range(3)
    ]


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_the_unweighted_mean_over_groups(crossed, metric):
    scores = crossed.noisy(0.8)
    crossed.give("one", scores)
    row, expected = board(crossed).loc["one"], means(crossed, scores, METRICS[metric])
    assert row[f"{metric}_mean"] == pytest.approx(np.mean(expected), abs=1e-12)
    assert row[f"{metric}_median"] == pytest.approx(np.median(expected), abs=1e-12)
    assert row[f"{metric}_sd"] == pytest.approx(np.std(expected, ddof=1), abs=1e-12)
    assert row["protocol"].endswith(" within distortion")


def test_errors_within_groups_are_those_of_one_curve(crossed):
    scores = crossed.noisy(0.8)
    crossed.give("one", scores)
    row, each = board(crossed).loc["one"], []
    for fold in range(3):
        inside = crossed.table["content"].isin(crossed.folds[fold])
        errors = residuals(scores[inside], crossed.table.loc[inside, "quality"])
        each.append(np.mean([np.sqrt((errors[p.index] ** 2).mean()) for p in parts(crossed, fold)]))
    assert row["rmse_mapped_mean"] == pytest.approx(np.mean(each), abs=1e-4)


def test_telling_groups_apart_earns_nothing(nested):
    level = nested.table.groupby("distortion")["quality"].transform("mean")
    blind = pd.Series(np.random.default_rng(5).permutation(len(level)) / 1000, level.index)
    nested.give("apart", level + blind)
    pooled = leaderboard.leaderboard(nested.store)["srocc_mean"].item()
    expected = np.mean(means(nested, level + blind, stats.spearmanr))
    assert expected < 0.1 < 0.75 < pooled
    assert board(nested)["srocc_mean"].item() == pytest.approx(expected, abs=1e-12)


def test_left_out_groups_are_counted(crossed):
    scores = crossed.noisy(0.8)
    # All scores of one group in the second repetition are equal: no correlation there.
    inside = crossed.table["content"].isin(crossed.folds[1])
    scores[inside & (crossed.table["distortion"] == "blur")] = 1.0
    crossed.give("one", scores)
    found = Results(Session(store=crossed.store.root)).tables.leaderboard(within="distortion")
    row = found.frame.iloc[0]
    assert (row["within"], row["groups"], row["groups_left_out"]) == ("distortion", 2, 2)
    line = "2 left out, with fewer than 3 scored pictures or with equal values"
    assert any(line in note for note in found.notes)
    assert found.rows[0]["protocol"].endswith(" within distortion")


def test_pooled_rows_name_no_groups(crossed):
    crossed.give("one", crossed.noisy(0.8))
    row = leaderboard.leaderboard(crossed.store).iloc[0]
    assert (row["within"], row["groups"], row["groups_left_out"]) == ("-", None, None)


def resampled(book, scores):
    """The mean over groups of the first repetition in every resample of contents, by scipy."""
    inside = book.table[book.table["content"].isin(book.folds[0])]
    kept = pd.concat(parts(book, 0)).sort_index()
    counts, column = content_counts(kept["content"].to_numpy(dtype=str), leaderboard.RESAMPLES, 0)
    assert set(kept["content"]) == set(inside["content"])
    found = []
    for row in counts[:, column]:
        drawn = kept.loc[kept.index.repeat(row)]
        each = [
            stats.spearmanr(scores[part.index], part["quality"]).statistic
            for _, part in drawn.groupby("distortion")
            if part["quality"].nunique() > 1
        ]
        found.append(np.mean(each))
    return np.array(found)


def test_intervals_resample_contents_of_all_groups_at_once(crossed):
    scores = crossed.noisy(0.8)
    crossed.give("one", scores, folds=(0,))
    row = board(crossed).loc["one"]
    low, high = np.quantile(resampled(crossed, scores), [0.025, 0.975])
    assert (row["srocc_low"], row["srocc_high"]) == pytest.approx((low, high), abs=1e-9)


def test_differences_are_paired_within_groups(crossed):
    a, b = crossed.noisy(0.4), crossed.noisy(0.9, seed=1)
    for label, scores in zip("ab", (a, b), strict=True):
        crossed.give(label, scores, folds=(0,))
    row = leaderboard.differences(crossed.store, within="distortion").iloc[0]
    gap = means(crossed, a, stats.spearmanr)[0] - means(crossed, b, stats.spearmanr)[0]
    assert row["difference"] == pytest.approx(gap, abs=1e-12)
    ends = np.quantile(resampled(crossed, a) - resampled(crossed, b), [0.025, 0.975])
    assert (row["low"], row["high"]) == pytest.approx(tuple(ends), abs=1e-9)


def residuals(x, y):
    return fit_logistic(x, y)(x) - y


def group_losses(book, scores):
    """(groups, contents) mean squared error of a content's pictures in a group, or nan."""
    squares = pd.Series(np.nan, book.table.index)
    for fold in range(3):
        for part in parts(book, fold):
            squares[part.index] = residuals(scores[part.index], part["quality"]) ** 2
    table = book.table.assign(square=squares).dropna(subset="square")
    return table.pivot_table(index="distortion", columns="content", values="square").to_numpy()


@pytest.mark.parametrize("layout", ["crossed", "nested"])
def test_the_default_test_gives_each_group_the_same_weight(request, layout):
    book = request.getfixturevalue(layout)
    a, b = book.noisy(0.5), book.noisy(0.7, seed=1)
    for label, scores in zip("ab", (a, b), strict=True):
        book.give(label, scores)
    gaps = group_losses(book, b) - group_losses(book, a)
    advantage = np.nanmean(gaps, axis=1).mean()  # over contents, then over groups
    weighted = gaps / np.isfinite(gaps).sum(axis=1, keepdims=True) * gaps.shape[1] / len(gaps)
    expected = stats.ttest_1samp(np.nansum(weighted, axis=0), 0)
    row = compare(book.store, within="distortion").iloc[0]
    assert row["advantage"] == pytest.approx(advantage, rel=2e-3)
    assert row["p"] == pytest.approx(expected.pvalue, rel=5e-3)
    assert row["statistic"] == pytest.approx(expected.statistic, rel=5e-3)
    assert row["contents"] == 12
    assert "on set within each distortion" in row["sentence"]


def test_tests_over_images_take_no_groups(crossed):
    for label in "ab":
        crossed.give(label, crossed.noisy(0.5, seed=ord(label)))
    with pytest.raises(UsageError, match="williams takes no mean over groups"):
        compare(crossed.store, "williams", within="distortion")


def test_sets_without_groups_are_left_out_and_named(crossed):
    crossed.give("one", crossed.noisy(0.5))
    crossed.store.save_table("plain", "2" * 16, crossed.table.drop(columns="distortion"))
    crossed.add("one", crossed.noisy(0.5), test="plain", test_hash="2" * 16)
    found = Results(Session(store=crossed.store.root)).tables.leaderboard(within="distortion")
    assert list(found.frame["test"]) == ["set"]
    assert "left out: plain has no column 'distortion'" in found.notes
    with pytest.raises(UsageError, match=r"no test set in .* has a column 'level'"):
        without_groups(crossed.store, "level")


def test_ranks_average_over_groups(crossed):
    crossed.store.save_table("other", "2" * 16, crossed.table)
    scores = {label: crossed.noisy(0.3 + 0.3 * place, place) for place, label in enumerate("abc")}
    for label, mine in scores.items():
        crossed.give(label, mine)
        crossed.add(label, mine, test="other", test_hash="2" * 16, train="other")
    ranking = Results(Session(store=crossed.store.root)).ranks(within="distortion")
    for label, mine in scores.items():
        expected = np.mean(means(crossed, mine, stats.spearmanr))
        assert ranking.scores.loc[label, "set"] == pytest.approx(expected, abs=1e-12)


def test_commands_and_the_page_take_the_option(crossed, iqabench, tmp_path):
    scores = {
        label: crossed.noisy(noise, place)
        for place, (label, noise) in enumerate({"a": 0.4, "b": 0.9}.items())
    }
    for label, mine in scores.items():
        crossed.give(label, mine)
    at, page = ("--store", crossed.store.root, "--within", "distortion"), tmp_path / "page.html"
    code, printed, _ = iqabench("leaderboard", *at, "--format", "csv")
    assert code == 0 and ",distortion,2,1," in printed
    code, printed, _ = iqabench("compare", *at)
    assert code == 0 and "within each distortion" in printed
    code, _, _ = iqabench("report", *at, "-o", page)
    assert code == 0 and "each metric is computed within each distortion" in page.read_text()
    code, _, said = iqabench("leaderboard", *at, "--by", "distortion")
    assert code == 2 and "--within their mean" in " ".join(said)
