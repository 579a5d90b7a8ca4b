"""A model gains nothing by skipping pictures: not in tests, tables, ranks, figures or the page."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from iqabench import Results, Session, import_scores
from iqabench.report import figures, leaderboard_table
from iqabench.report.breakdown import breakdown, notes
from iqabench.report.compare import compare
from iqabench.report.evaluations import groups
from iqabench.report.leaderboard import differences, leaderboard
from iqabench.report.marks import marks
from iqabench.report.page import matrices
from iqabench.report.ranks import ranks
from iqabench.stats.logistic import fit_logistic

CASES = Path(__file__).parents[3] / "shared" / "cases"
BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "partial_coverage.py"


@pytest.fixture
def skipped(book):
    """``full`` and ``easy`` have the same scores; ``easy`` lacks what they get most wrong."""
    scores = book.noisy(0.8)
    worst = (scores - book.table["quality"]).abs()
    book.hard = worst.groupby(book.table["content"]).rank() > 3
    book.scores = scores
    book.add("full", scores)
    book.add("easy", scores.where(~book.hard))
    return book


def only(book, **asked):
    (row,) = compare(book.store, **asked).to_dict("records")
    return row


@pytest.mark.parametrize("test", ["content-t", "sign-flip", "pitman-morgan", "f", "paper"])
def test_equal_scores_are_equal_whatever_one_of_them_skips(skipped, test):
    row = only(skipped, test=test)
    assert row["verdict"] == "cannot be told apart"
    assert (row["difference"], row["low"], row["high"], row["advantage"]) == (0, 0, 0, 0)
    assert row["p"] == 1
    assert (row["n"], row["tested"], row["images"]) == (36, 72, 36)
    assert row["sentence"].endswith("the 36 of 72 pictures that both scored)")


def test_both_curves_are_fitted_to_the_common_pictures(skipped):
    """Residuals by hand, from pictures that both have; the curve itself is tested elsewhere."""
    other = skipped.noisy(1.0, seed=1)
    skipped.add("other", other)
    row = next(
        one
        for one in compare(skipped.store).to_dict("records")
        if {one["a"], one["b"]} == {"easy", "other"}
    )
    means = {}
    for label, scores in (("easy", skipped.scores), ("other", other)):
        squares = []
        for fold in skipped.folds:
            rows = skipped.table["content"].isin(fold) & ~skipped.hard
            x, y = scores[rows].to_numpy(), skipped.table["quality"][rows].to_numpy()
            error = (fit_logistic(x, y)(x) - y) ** 2
            squares.append(pd.Series(error).groupby(skipped.table["content"][rows].array).mean())
        means[label] = pd.concat(squares)
    sign = 1 if row["a"] == "easy" else -1
    gaps = sign * (means["other"] - means["easy"])
    assert row["p"] == pytest.approx(stats.ttest_1samp(gaps, 0).pvalue)
    assert row["advantage"] == pytest.approx(gaps.mean())


def test_whole_models_are_fitted_once_for_all_their_pairs(book, monkeypatch):
    from iqabench.stats import mapping

    for number, label in enumerate("abcd"):
        book.add(label, book.noisy(0.5, seed=number))
    fits = []
    plain = mapping.fit_logistic
    monkeypatch.setattr(mapping, "fit_logistic", lambda *a, **b: fits.append(1) or plain(*a, **b))
    assert len(compare(book.store)) == 6
    assert len(fits) == 4 * 3


def test_the_leaderboard_says_so_in_the_row_and_below(skipped):
    frame = leaderboard(skipped.store)
    assert list(frame["model"]) == ["easy", "full"]  # by its own pictures it is ahead
    assert frame[["n", "tested", "coverage"]].to_numpy().tolist() == [[36, 72, 0.5], [72, 72, 1]]
    first, second = leaderboard_table.short(frame)
    assert (first["model"], first["n"], first["coverage"]) == ("easy†", "36", "50%")
    assert (second["model"], second["n"]) == ("full", "72")
    found = leaderboard_table.notes(frame)
    assert "easy scored 36 of 72 pictures of set (3-fold)" in found
    assert any(note.startswith("† ") and "no rank" in note for note in found)
    whole = leaderboard_table.notes(frame[frame["model"] == "full"])
    assert not any("†" in note or "pictures of" in note for note in whole)


def test_a_failed_model_is_no_partial_one(book):
    book.add("lost", book.noisy(0.5), status="failed")
    frame = leaderboard(book.store)
    assert leaderboard_table.short(frame)[0]["model"] == "lost"
    assert not any("†" in note for note in leaderboard_table.notes(frame))


def test_what_skipped_pictures_is_never_marked_over_what_did_not(book):
    scores = book.noisy(0.05)
    book.add("clear", scores.where(book.table.index % 6 > 0))
    book.add("dark", book.noisy(3.0))
    book.add("darker", book.noisy(9.0))
    frame = leaderboard(book.store)
    assert list(frame["model"]) == ["clear", "dark", "darker"]
    verdicts = compare(book.store).set_index(["a", "b"])["verdict"]
    assert verdicts["clear", "dark"] == "better"
    assert marks(book.store) == ["", "", ""]  # and dark is not the best: clear is better


def test_what_skipped_pictures_is_not_in_the_way(book):
    book.add("clear", book.noisy(0.05))
    book.add("dark", book.noisy(3.0))
    book.add("part", book.noisy(3.0, seed=1).where(book.table.index % 6 > 0))
    marked = dict(zip(leaderboard(book.store)["model"], marks(book.store), strict=True))
    assert marked == {"clear": "best", "dark": "", "part": ""}


def test_models_that_lack_the_same_pictures_are_marked(book):
    there = book.table.index % 6 > 0
    book.add("clear", book.noisy(0.05).where(there))
    book.add("dark", book.noisy(3.0).where(there))
    assert marks(book.store) == ["best", ""]
    other = book.noisy(0.02).where(book.table.index % 6 < 5)
    book.add("other pictures", other)
    assert set(marks(book.store)) == {""}


def test_paired_differences_name_their_pictures(skipped):
    (row,) = differences(skipped.store).to_dict("records")
    assert (row["difference"], row["n"], row["tested"]) == (0, 36, 72)


def test_ranks_leave_out_who_skipped_what_others_scored(book):
    """``z`` is best on b by the half that it scored: rank 1 by its own numbers."""
    for name in "ab":
        book.store.save_table(name, "0" * 16, book.table)
    for label, noise in (("w", 0.2), ("x", 0.5), ("y", 1.0), ("z", 2.0)):
        for test in "ab":
            scores = book.noisy(noise, seed=ord(label))
            if (label, test) == ("z", "b"):
                scores = (book.table["quality"] + 0).where(book.table.index % 2 == 0)
            book.add(label, scores, name=label + test, test=test, train=test)
    found = ranks(book.store)
    assert list(found.scores.index) == ["w", "x", "y"]
    assert found.remarks == ("left out: z; it scored 36 of 72 pictures of b",)


def test_ranks_do_not_mind_pictures_that_nobody_scored(book):
    for name in "ab":
        book.store.save_table(name, "0" * 16, book.table)
    for label, noise in (("x", 0.5), ("y", 1.0), ("z", 2.0)):
        for test in "ab":
            scores = book.noisy(noise, seed=ord(label)).where(book.table.index != 7)
            book.add(label, scores, name=label + test, test=test, train=test)
    found = ranks(book.store)
    assert set(found.scores.index) == {"x", "y", "z"}
    assert found.remarks == ()


def test_the_page_says_so_in_its_matrices(skipped):
    def silent(done, total, what):
        pass

    (wins,) = matrices.comparison(skipped.store, None, False, silent).matrices
    for _, _, cells in wins.rows:
        for entries in cells:
            assert all(cell.detail.endswith("\n36 of 72 pictures") for cell in entries)
    from iqabench.report.page.panels import panel_of

    made = matrices.transfer([panel_of(group) for group in groups(skipped.store)])
    found = {model: cells[0][0] for model, _, cells in made.rows}
    assert found["easy"].text.endswith("†")
    assert found["easy"].detail.endswith("\n36 of 72 pictures")
    assert not found["full"].text.endswith("†")


def test_figures_say_so_in_the_names(skipped, tmp_path):
    named = figures._titles(groups(skipped.store))
    assert named == ["easy (36 of 72 pictures)", "full"]
    panels = figures._train_by_test(groups(skipped.store))
    assert list(panels) == ["easy\n36 of 72 pictures of set", "full"]
    assert len(figures.write(skipped.store, tmp_path, "svg").paths) == 3


def test_parts_of_a_set_say_how_many_of_their_pictures_count(skipped):
    frame = breakdown(skipped.store, "band")
    easy = frame[frame["model"] == "easy"]
    assert easy["tested"].sum() == 72
    assert easy["n"].sum() == 36
    assert any("n below tested" in note for note in notes(frame))


@pytest.fixture
def mini(tmp_path):
    """The set of the shared cases, its pictures made here: no score depends on them."""
    if not CASES.exists():
        pytest.skip(f"{CASES} is not here")
    from PIL import Image

    table = pd.read_csv(CASES / "mini-labels.csv")
    root = tmp_path / "mini"
    random = np.random.default_rng(0)
    for name in {*table["image"], *table["reference"]}:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 255, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / name)
    table.to_csv(root / "labels.csv", index=False)
    catalog = tmp_path / "mini.yaml"
    catalog.write_text(f"datasets:\n  mini: {{reader: csv, root: {root}, labels: labels.csv}}\n")
    return catalog


def test_the_case_of_the_skipped_half(mini, tmp_path, iqabench):
    session = Session(mini, store=tmp_path / "store")
    for name in ("full", "easy"):
        import_scores(CASES / "partial" / f"{name}.csv", name, "mini", session=session)
    results = Results(session)
    (row,) = results.compare().to_dict("records")
    assert row["difference"] == 0
    assert row["verdict"] == "cannot be told apart"
    assert "cannot be told apart" in row["sentence"]
    for form in ("markdown", "latex"):
        code, printed, _ = iqabench(
            *("leaderboard", "--store", tmp_path / "store", "--format", form)
        )
        assert code == 0
        assert "**" not in printed
        assert "textbf" not in printed
        assert "easy†" in printed


@pytest.mark.slow
@pytest.mark.parametrize("predictions", ["identical", "unequal"])
@pytest.mark.parametrize("which", ["random", "hard"])
def test_the_test_keeps_its_size_where_half_is_skipped(predictions, which):
    """A small run of the benchmark; docs/statistics.md has the full one."""
    spec = importlib.util.spec_from_file_location("partial_coverage", BENCHMARK)
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    del benchmark.WAYS["before"]
    found = benchmark.size(300, (10, 4), predictions, which)["now"]
    assert found <= benchmark.highest(300)
    if predictions == "identical":
        assert found == 0
