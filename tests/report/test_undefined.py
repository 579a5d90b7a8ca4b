"""What is not defined is a dash with a reason, never a number, an empty bracket or nan."""

import math

import numpy as np
import pandas as pd
import pytest
from stored import fit_identity, job_record, keep

from iqabench import Results, Session
from iqabench.cli.run import _print_differences
from iqabench.report import tables, verdicts
from iqabench.report.compare import compare
from iqabench.report.leaderboard import METRICS, differences, leaderboard
from iqabench.report.leaderboard_table import notes, short
from iqabench.stats import interval, repeated_bootstrap


def cells(book, label, **asked):
    """The short row of a model."""
    rows = short(leaderboard(book.store, **asked))
    return next(row for row in rows if row["model"].rstrip("*†") == label)


def reasons(book, **asked):
    return [line for line in notes(leaderboard(book.store, **asked)) if line.startswith("-:")]


@pytest.fixture
def failing(book):
    """A model whose fits failed beside one that works."""
    book.add("good", book.noisy(0.5))
    record = job_record("bad", fit_identity("bad"), status="failed", error="ScoreError: no\nmore")
    fit = keep(book.store, record)
    for fold in range(3):
        book.evaluate("bad", "never", fold, fit=fit)
    return book


def test_a_failed_model_has_dashes_and_the_error_below(failing):
    row = cells(failing, "bad")
    undefined = ("SROCC [95%]", "PLCC [95%]", "PLCC mapped", "KROCC", "RMSE mapped", "ms/image")
    assert {row[name] for name in undefined} == {"-"}
    assert (row["runs"], row["coverage"]) == ("0/3", "0%")
    assert reasons(failing) == ["-: bad on set: every job failed: ScoreError: no"]
    assert failing.board().loc["bad", "undefined"] == "every job failed: ScoreError: no"


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_no_form_of_a_table_has_an_empty_cell_or_bracket(failing, form):
    found = Results(Session(store=failing.store.root)).tables.leaderboard(form=form)
    text = tables.annotated(tables.render(found.rows, form), form, found.notes)
    assert "nan" not in text and "[," not in text and "[ " not in text and "  |  |" not in text
    if form != "table":
        assert "every job failed: ScoreError: no" in text


def test_the_page_has_dashes_and_the_error(failing, tmp_path):
    Results(Session(store=failing.store.root)).report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text().partition("<body>")[2].partition("<script")[0]
    assert "nan" not in page.replace("finance", "") and "[, ]" not in page and "–" not in page
    assert "-: bad on set: every job failed: ScoreError: no" in page


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        (lambda table: table["quality"] * 0 + 3, "all predictions are equal"),
        (
            lambda table: table["quality"].where(table.index.isin([0, 1])),
            "a correlation needs 3 scored pictures, there are 2",
        ),
        (lambda table: table["quality"] * np.nan, "no tested picture has a score"),
    ],
)
def test_why_there_is_no_correlation(book, scores, expected):
    book.add("one", scores(book.table))
    assert cells(book, "one")["SROCC [95%]"] == "-"
    assert reasons(book) == [f"-: one on set: {expected}"]


def test_equal_labels(book):
    book.store.save_table("flat", "1" * 16, book.table.assign(quality=2.0))
    job = book.add("one", book.noisy(0.5), folds=())
    book.evaluate("one", job, 0, test="flat", test_hash="1" * 16)
    assert reasons(book) == ["-: one on flat: all labels are equal"]


def test_nothing_is_left_of_a_set_that_was_seen(book):
    for fold in range(3):
        book.add("one", book.noisy(0.5), (fold,), name="one", shared=book.folds[fold], seen=["set"])
    row = cells(book, "one", exclude_shared=True)
    assert (row["SROCC [95%]"], row["coverage"]) == ("-", "-")
    assert reasons(book, exclude_shared=True) == ["-: one on set: no picture is left to test"]


def test_one_content_has_no_interval(book):
    """Its pictures say nothing about how much contents vary."""
    for label in ("a", "b"):
        job = book.add(label, book.noisy(0.5, seed=ord(label)), folds=())
        for seed in range(3):
            book.evaluate(label, job, 0, seed=seed, contents=["c00"])
    row = book.board().loc["a"]
    for metric in METRICS:
        assert math.isfinite(row[f"{metric}_mean"])
        assert np.isnan([row[f"{metric}_low"], row[f"{metric}_high"]]).all()
    assert cells(book, "a")["SROCC [95%]"] == f"{row['srocc_mean']:.3f} [-]"
    assert reasons(book) == ["-: a, b on set: one content has no interval"]
    pair = book.difference()
    assert math.isfinite(pair["difference"]) and math.isnan(pair["low"])
    assert pair["undefined"] == "a and b: one content has no interval"
    (sentence,) = compare(book.store)["sentence"]
    assert "nan" not in sentence and f"ΔSROCC {pair['difference']:+.3f}, no interval" in sentence


def test_the_bootstrap_of_one_content_has_no_samples():
    x = np.arange(6.0)
    one = [(x, x**2, np.array(["c"] * 6))]
    assert np.isnan(repeated_bootstrap(one, resamples=20)).all()
    assert np.isnan(interval(repeated_bootstrap(one, resamples=20))).all()
    two = [(x, x**2, np.array(["c", "d"] * 3))]
    assert repeated_bootstrap(two, resamples=20).tolist() == [1.0] * 20


def test_a_difference_says_why_there_is_none(failing):
    failing.add("flat", failing.noisy(0.5) * 0)
    found = differences(failing.store).set_index(["a", "b"])["undefined"].to_dict()
    assert found == {
        ("bad", "flat"): "bad: every job failed: ScoreError: no; flat: all predictions are equal",
        ("bad", "good"): "bad: every job failed: ScoreError: no",
        ("flat", "good"): "flat: all predictions are equal",
    }
    for sentence in compare(failing.store)["sentence"]:
        assert "nan" not in sentence
    assert all(
        "nan" not in cell
        for row in verdicts.matrix(compare(failing.store))
        for cell in row.values()
    )


def test_what_run_prints_of_pairs(failing, capsys):
    """No nan, no interval of nothing."""
    for label in ("lone", "other"):
        job = failing.add(label, failing.noisy(0.5, seed=ord(label[0])), folds=())
        failing.evaluate(label, job, 0, contents=["c00"])
    _print_differences(Results(Session(store=failing.store.root)), exclude_shared=False)
    failed, lone = capsys.readouterr().err.splitlines()
    assert failed == "bad - good on set: SROCC - (bad: every job failed: ScoreError: no)"
    start, _, end = lone.partition(" [-] ")
    assert start.startswith("lone - other on set: SROCC ")
    assert end == "(lone and other: one content has no interval)"


def test_dashes_in_any_table():
    rows = [{"a": None, "b": math.nan, "c": ""}]
    assert tables.render(rows, "table").splitlines()[2].split() == ["-", "-"]
    assert tables.render(rows, "csv").splitlines()[1] == ",,"
    frame = pd.DataFrame({"x": [math.nan]})
    assert tables.screen_rows(frame) == [{"x": "-"}]


def test_several_reasons(book):
    """Of one content three pictures are scored: no interval, and too few for a curve."""
    scores = book.noisy(0.5).where(book.table["image"].isin([f"c00_{n}.png" for n in range(3)]))
    job = book.add("one", scores, folds=())
    book.evaluate("one", job, 0, contents=["c00"])
    row = cells(book, "one")
    assert row["PLCC mapped"] == "-" and row["SROCC [95%]"].endswith(" [-]")
    assert reasons(book) == [
        "-: one on set: one content has no interval; no curve can be fitted to its few "
        "predictions, or only a flat one"
    ]
