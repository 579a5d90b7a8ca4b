from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from iqabench import Results, Session
from iqabench.contract import UnknownNameError, UsageError
from iqabench.report import verdicts
from iqabench.report.compare import COLUMNS, compare, notes
from iqabench.report.evaluations import selected
from iqabench.stats.significance import PROCEDURES


def only(book, **asked):
    """The one row."""
    (row,) = compare(book.store, **asked).to_dict("records")
    return row


def residuals(book, scores, fold):
    """A repetition's residuals after the logistic, by scipy's curve_fit, as a Series by image."""
    rows = book.table["content"].isin(book.folds[fold]) & scores.notna()
    x, y = scores[rows].to_numpy(), book.table["quality"][rows].to_numpy()

    def curve(x, b1, b2, b3, b4):
        return b2 + (b1 - b2) / (1 + np.exp(-(x - b3) / np.abs(b4)))

    start = (y.max(), y.min(), x.mean(), x.std() / 4)
    with np.errstate(over="ignore"):
        found, _ = curve_fit(curve, x, y, start, maxfev=100_000, xtol=1e-12, ftol=1e-12)
    return pd.Series(curve(x, *found) - y, index=book.table.index[rows])


def losses(book, *runs):
    """Mean squared error of every content, over images and all the runs that test them."""
    squares = [residuals(book, run, fold) ** 2 for run in runs for fold in range(3)]
    mean = pd.concat(squares).groupby(level=0).mean()
    return mean.groupby(book.table["content"]).mean().to_numpy()


def rivals(book, first=0.4, second=0.9):
    """Predictions of a better and a worse model, stored as a and b."""
    pair = book.noisy(first), book.noisy(second, seed=1)
    for label, scores in zip("ab", pair, strict=True):
        book.add(label, scores)
    return pair


def test_the_default_is_a_t_test_over_contents(book):
    a, b = rivals(book, 0.7)
    gaps = losses(book, b) - losses(book, a)
    expected = stats.ttest_1samp(gaps, 0)
    row = only(book)
    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-3)
    assert row["statistic"] == pytest.approx(expected.statistic, rel=1e-3)
    assert row["advantage"] == pytest.approx(gaps.mean(), rel=1e-3)
    assert row["d"] == pytest.approx(gaps.mean() / gaps.std(ddof=1), rel=1e-3)
    assert (row["images"], row["contents"], row["repetitions"]) == (72, 12, 3)
    paired = book.difference()
    assert [row[key] for key in ("difference", "low", "high")] == [
        paired[key] for key in ("difference", "low", "high")
    ]


def test_sign_flip_has_the_same_losses(book):
    a, b = rivals(book, 0.7)
    gaps = losses(book, b) - losses(book, a)
    expected = stats.permutation_test(
        (gaps, np.zeros(12)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert only(book, test="sign-flip")["p"] == pytest.approx(expected.pvalue)


def test_squared_errors_not_predictions_are_averaged_over_seeds(book):
    """Two seeds of each model; averaged predictions would be an ensemble, and better."""
    runs = {
        "a": [book.noisy(0.8, seed=1), book.noisy(0.8, seed=2)],
        "b": [book.noisy(0.9, seed=3), book.noisy(0.9, seed=4)],
    }
    for label, pair in runs.items():
        for seed, scores in enumerate(pair):
            book.add(label, scores, name=f"{label}{seed}", seed=seed)
    gaps = losses(book, *runs["b"]) - losses(book, *runs["a"])
    row = only(book)
    assert row["p"] == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue, rel=1e-3)
    assert (row["repetitions"], row["images"]) == (6, 72)


def test_the_better_model_is_named_whatever_the_order(book, tmp_path):
    a, b = rivals(book)
    row = only(book)
    assert (row["verdict"], row["p"] < 0.01) == ("better", True)
    assert row["sentence"].startswith(
        f"a predicts better than b on set (ΔSROCC {row['difference']:+.3f} "
    )
    assert row["sentence"].endswith(f"; p = {row['p']:.3f}; content-level t test, 12 contents)")
    other = type(book)(tmp_path / "other")
    other.add("a", b)
    other.add("b", a)
    turned = only(other)
    assert turned["verdict"] == "worse"
    assert turned["sentence"] == row["sentence"].replace(
        "a predicts better than b", "b predicts better than a"
    )


def test_equal_models_cannot_be_told_apart(book):
    for label in ("a", "b"):
        book.add(label, book.noisy(0.5))
    row = only(book)
    assert (row["verdict"], row["p"], row["d"], row["difference"]) == (
        "cannot be told apart",
        1,
        0,
        0,
    )
    assert row["sentence"] == (
        "a and b cannot be told apart on set "
        "(ΔSROCC +0.000 [+0.000, +0.000]; p = 1.000; content-level t test, 12 contents)"
    )


@pytest.mark.parametrize("test", ["content-t", "sign-flip", "pitman-morgan"])
def test_the_same_scores_in_another_unit_are_no_difference(book, test):
    book.add("a", book.noisy(0.5))
    book.add("b", 100 * book.noisy(0.5) - 7)
    row = only(book, test=test)
    assert row["verdict"] == "cannot be told apart"
    assert row["p"] > 0.9


def test_a_model_whose_scores_fall_is_not_turned_round_by_its_curve(book):
    """As sure as the best one, in the wrong direction: worse than a weak one."""
    best = book.noisy(0.2)
    book.add("weak", book.noisy(1.2, seed=1))
    book.add("wrong", -best)
    row = only(book)
    assert (row["a"], row["b"], row["verdict"]) == ("weak", "wrong", "better")


def test_a_repetition_without_a_curve_is_left_out_for_both(book):
    a, b = book.noisy(0.7), book.noisy(0.9, seed=1)
    last = book.table["content"].isin(book.folds[2])
    book.add("a", a)
    book.add("b", b.where(~last, 3.0))
    row = only(book)
    kept = [
        np.concatenate(
            [
                (residuals(book, scores, fold) ** 2).groupby(book.table["content"]).mean()
                for fold in (0, 1)
            ]
        )
        for scores in (a, b)
    ]
    assert (row["repetitions"], row["contents"]) == (2, 8)
    assert row["p"] == pytest.approx(stats.ttest_1samp(kept[1] - kept[0], 0).pvalue, rel=1e-3)


def test_a_constant_model_compares_with_nothing(book):
    book.add("a", book.noisy(0.5))
    book.add("b", book.noisy(0.5) * 0 + 2)
    row = only(book)
    assert (row["verdict"], row["contents"]) == ("nothing to compare", 0)
    assert "in no repetition have both predictions that a curve can be fitted to" in row["sentence"]
    assert np.isnan([row["p"], row["p_holm"]]).all()


def test_p_is_corrected_over_the_pairs_of_one_set(book):
    for label, noise in (("a", 0.55), ("b", 0.65), ("c", 0.8)):
        book.add(label, book.noisy(noise, seed=ord(label)))
    frame = compare(book.store)
    p = np.sort(frame["p"])
    expected = np.minimum(np.maximum.accumulate(p * [3, 2, 1]), 1)
    np.testing.assert_allclose(np.sort(frame["p_holm"]), expected)
    assert set(frame["pairs"]) == {3}
    assert all("after Holm over 3 pairs" in text for text in frame["sentence"])


def test_sets_have_corrections_of_their_own(book):
    book.store.save_table("other", "1" * 16, book.table)
    for label, noise in (("a", 0.4), ("b", 0.9)):
        job = book.add(label, book.noisy(noise))
        for fold in range(3):
            book.evaluate(label, job, fold, test="other", test_hash="1" * 16)
    frame = compare(book.store)
    assert list(frame["test"]) == ["other", "set"]
    assert list(frame["family"]) == [1, 2]
    assert set(frame["pairs"]) == {1}
    other = selected(book.store, datasets=["other"])
    (row,) = compare(book.store, only=other).to_dict("records")
    assert row["test"] == "other"


@pytest.mark.parametrize(("test", "needs"), [("content-t", "needs 6"), ("sign-flip", "needs 6")])
def test_too_few_contents_is_said(book, test, needs):
    for label, noise in (("a", 0.1), ("b", 1.5)):
        book.add(label, book.noisy(noise), folds=(0,))
    row = only(book, test=test)
    assert (row["verdict"], row["contents"]) == ("too few contents", 4)
    assert np.isnan(row["p"])
    assert "4 contents, too few for the content-level" in row["sentence"]
    assert needs in row["sentence"]
    assert f"{row['difference']:+.3f}" in row["sentence"]


def test_a_large_family_needs_more_contents_to_flip(book):
    """Eight contents allow 2 / 2^8 = .008; ten pairs need less than .005, 2 / 2^9 and thus nine."""
    for number in range(5):
        book.add(f"m{number}", book.noisy(0.3 + number, seed=number), folds=(0, 1))
    frame = compare(book.store, test="sign-flip")
    assert set(frame["verdict"]) == {"too few contents"}
    assert all("which needs 9" in text for text in frame["sentence"])
    two = selected(book.store, models=["m0", "m4"])
    assert set(compare(book.store, "sign-flip", two)["verdict"]) == {"better"}


def test_one_content(book):
    for label in ("a", "b"):
        job = book.add(label, book.noisy(0.5, seed=ord(label)), folds=())
        book.evaluate(label, job, 0, contents=["c00"])
    row = only(book)
    assert "cannot be compared on set: 1 content, too few" in row["sentence"]


def test_one_image(book):
    scores = book.noisy(0.5).where(book.table.index == 0)
    for label in ("a", "b"):
        book.add(label, scores)
    for test in ("content-t", "williams", "paper"):
        row = only(book, test=test)
        assert row["verdict"] == "nothing to compare"
        assert "that a curve can be fitted to" in row["sentence"]


def test_all_jobs_failed(book):
    for label in ("a", "b"):
        book.add(label, book.noisy(0.5), status="failed")
    assert only(book)["verdict"] == "nothing to compare"
    assert "in no repetition have both predictions" in only(book)["sentence"]


def test_an_empty_store(book):
    with pytest.raises(UsageError, match="no results in"):
        compare(book.store)


def test_one_model(book):
    book.add("a", book.noisy(0.5))
    with pytest.raises(UsageError, match="a is the only model: it takes two to compare"):
        compare(book.store)


def test_models_that_were_tested_on_different_parts(book):
    book.add("a", book.noisy(0.5))
    book.add("b", book.noisy(0.9), folds=(0, 1))
    with pytest.raises(UsageError, match="no two models"):
        compare(book.store)
    book.add("c", book.noisy(0.7))
    frame = compare(book.store)
    assert [tuple(row) for row in frame[["a", "b"]].to_numpy()] == [("a", "c")]
    assert frame.attrs["alone"] == [
        "b on set (3-fold, 2 repetitions): no other model was tested on the same parts"
    ]


def test_unknown_names_hear_of_near_misses(book):
    rivals(book)
    results = Results(Session(store=book.store.root))
    for asked in ({"models": ["bb"]}, {"datasets": ["sets"]}, {"test": "content"}):
        with pytest.raises(UnknownNameError) as caught:
            results.compare(**asked)
        assert "did you mean" in caught.value.hint or "known:" in caught.value.hint


def test_models_of_one_name_are_told_apart(book):
    for label, train, config in (("a", "x", "c" * 16), ("b", "y", "c" * 16), ("c", "y", "d" * 16)):
        scores = book.noisy(0.5, seed=ord(label))
        book.add("m", scores, name=label, train=train, config=config)
    frame = compare(book.store)
    names = {*frame["a"], *frame["b"]}
    assert names == {"m config=cccccccc (x)", "m config=cccccccc (y)", "m config=dddddddd"}


@pytest.mark.parametrize("test", ["williams", "steiger", "meng", "fisher"])
def test_correlations_of_one_repetition(book, test):
    """p of the formulas, tested elsewhere, from scipy's correlations."""
    from iqabench.stats import correlated

    a, b = book.noisy(0.6), book.noisy(0.9, seed=1)
    for label, scores in (("a", a), ("b", b)):
        book.add(label, scores, folds=(1,))
    rows = book.table["content"].isin(book.folds[1])
    y = book.table["quality"][rows]
    for name, correlation in ((test, stats.pearsonr), (f"{test}-srocc", stats.spearmanr)):
        if name not in PROCEDURES:
            continue
        ra, rb = (correlation(x[rows], y).statistic for x in (a, b))
        between = () if test == "fisher" else (correlation(a[rows], b[rows]).statistic,)
        ranks = {"ranks": True} if name != test else {}
        expected = getattr(correlated, test)(ra, rb, *between, 24, **ranks)
        row = only(book, test=name)
        assert row["p"] == pytest.approx(expected.p)
        assert row["statistic"] == pytest.approx(expected.statistic)
        assert row["advantage"] == pytest.approx(ra - rb)


def test_variances_of_one_repetition(book):
    a, b = book.noisy(0.6), book.noisy(0.9, seed=1)
    for label, scores in (("a", a), ("b", b)):
        book.add(label, scores, folds=(1,))
    x, y = (residuals(book, scores, 1) for scores in (a, b))
    assert only(book, test="pitman-morgan")["p"] == pytest.approx(
        stats.pearsonr(x - y, x + y).pvalue, rel=1e-3
    )
    ratio = x.var() / y.var()
    assert only(book, test="f")["p"] == pytest.approx(2 * stats.f(23, 23).cdf(ratio), rel=1e-3)


def test_tests_over_images_combine_repetitions(book):
    a, b = rivals(book)
    each = []
    for fold in range(3):
        x, y = (residuals(book, scores, fold) for scores in (a, b))
        each.append(stats.pearsonr(x - y, x + y).pvalue)
    row = only(book, test="pitman-morgan")
    assert row["p"] == pytest.approx(min(1, 1.5 * np.median(each)), rel=1e-3)
    assert np.isnan(row["statistic"])
    assert "p of 3 repetitions combined" in row["sentence"]


@pytest.mark.parametrize(
    ("keys", "detail", "test"),
    [
        ({}, "independent t of 72 raw residuals", stats.ttest_ind),
        ({"model": "one"}, "paired t of 72 raw residuals", stats.ttest_rel),
        ({"variant_of": "one"}, "paired t of 72 raw residuals", stats.ttest_rel),
        ({"model": "imported"}, "independent t of 72 raw residuals", stats.ttest_ind),
    ],
)
def test_the_papers_procedure(book, keys, detail, test):
    pair = book.noisy(0.6), book.noisy(0.6, seed=1) + 0.2
    for label, scores in zip("ab", pair, strict=True):
        book.add(label, scores, **keys)
    row = only(book, test="paper")
    a, b = (scores - book.table["quality"] for scores in pair)
    assert row["detail"] == detail
    assert row["p"] == pytest.approx(test(a, b).pvalue)
    assert row["advantage"] == pytest.approx((b**2).mean() - (a**2).mean())


def test_the_papers_procedure_fits_what_is_in_other_units(book):
    """And then its t test cannot reject, however much worse one model is."""
    for label, noise in (("a", 0.1), ("b", 1.5)):
        book.add(label, book.noisy(noise), train="elsewhere")
    row = only(book, test="paper")
    assert row["detail"].endswith("of 72 fitted residuals")
    assert row["p"] > 0.5
    assert only(book)["verdict"] == "better"


def test_contents_that_a_model_has_seen_can_be_left_out(book):
    for label, noise in (("a", 0.4), ("b", 0.9)):
        book.add(label, book.noisy(noise), shared=["c00", "c05"], seen=[])
    row = only(book, exclude_shared=True)
    assert (row["contents"], row["protocol"]) == (10, "3-fold without shared")


def test_progress_is_told(book):
    for label in "abc":
        book.add(label, book.noisy(0.5, seed=ord(label)))
    told = []
    compare(book.store, tick=lambda *what: told.append(what))
    assert told == [(0, 3, "pairs"), (1, 3, "pairs"), (2, 3, "pairs")]


def test_the_columns_are_those_documented(book):
    rivals(book)
    assert tuple(compare(book.store).columns) == COLUMNS
    text = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    named = [name for cell in cells for name in cell.replace("`", "").replace(",", "").split()]
    assert set(COLUMNS) | set(PROCEDURES) <= set(named)


def test_a_matrix_shows_every_pair_twice(book):
    for label, noise in (("a", 0.2), ("b", 0.9), ("c", 0.9)):
        book.add(label, book.noisy(noise, seed=ord(label)))
    rows = verdicts.matrix(compare(book.store))
    keys = {"test": "set", "protocol": "3-fold"}
    assert rows == [
        keys | {"model": "a", "vs a": "", "vs b": "+", "vs c": "+"},
        keys | {"model": "b", "vs a": "-", "vs b": "", "vs c": "="},
        keys | {"model": "c", "vs a": "-", "vs b": "=", "vs c": ""},
    ]


@pytest.mark.parametrize("test", PROCEDURES)
def test_notes_say_what_a_test_assumes_and_lacks(book, test):
    book.add("a", book.noisy(0.4), labels="proxy")
    book.add("b", book.noisy(0.9), labels="proxy")
    frame = compare(book.store, test=test)
    found = "\n".join(notes(frame))
    assert PROCEDURES[test].assumes in found
    assert PROCEDURES[test].fault in found
    assert ("its fault" in found) == bool(PROCEDURES[test].fault)
    assert "proxy labels" in found
    assert "on set (proxy labels)" in frame["sentence"][0]


@pytest.mark.parametrize(
    ("difference", "though"), [(0.02, ""), (-0.02, ", though its SROCC is lower")]
)
def test_a_verdict_against_the_ranks_says_so(difference, though):
    row = {
        "a": "A",
        "b": "B",
        "test": "X",
        "within": "-",
        "labels": "human",
        "contents": 8,
        "n": 40,
        "tested": 40,
        "pairs": 3,
        "p_holm": 0.0121,
        "difference": difference,
        "low": difference - 0.01,
        "high": difference + 0.03,
        "procedure": "content-t",
        "detail": "",
        "verdict": "better",
    }
    assert verdicts.sentence(row) == (
        f"A predicts better than B on X{though} (ΔSROCC {difference:+.3f} "
        f"[{difference - 0.01:+.3f}, {difference + 0.03:+.3f}]; p = 0.012 after Holm over 3 pairs; "
        "content-level t test, 8 contents)"
    )
