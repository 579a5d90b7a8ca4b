"""A mark needs a verdict of the default test, and a difference that no noise band covers."""

import pytest
from stored import CROSS, HASH, OFFICIAL

from iqabench.report import noise, tables
from iqabench.report.compare import compare
from iqabench.report.leaderboard import leaderboard
from iqabench.report.leaderboard_table import notes, short
from iqabench.report.marks import marks
from iqabench.store.records import stress_id


def marked(book):
    """The mark of each model."""
    return dict(zip(leaderboard(book.store)["model"], marks(book.store), strict=True))


def test_only_what_is_surely_better_than_the_next_is_marked(book):
    for label, spread in (("clear", 0.05), ("dim", 0.6), ("dark", 3.0)):
        book.add(label, book.noisy(spread))
    assert set(compare(book.store)["verdict"]) == {"better", "worse"}
    assert marked(book) == {"clear": "best", "dim": "second", "dark": ""}


def test_the_second_is_marked_after_the_best_only(book):
    book.add("one", book.noisy(0.5))
    book.add("like it", book.noisy(0.5, seed=1))
    book.add("dark", book.noisy(5.0))
    assert marked(book) == {"one": "", "like it": "", "dark": ""}


def test_the_second_needs_a_third_that_is_surely_worse(book):
    book.add("clear", book.noisy(0.05))
    book.add("dim", book.noisy(0.9))
    assert marked(book) == {"clear": "best", "dim": ""}
    book.add("like it", book.noisy(0.9, seed=1))
    assert sorted(marked(book).values()) == ["", "", "best"]


@pytest.mark.parametrize("alone", [{"protocol": CROSS}, {"test": "other"}])
def test_each_set_and_protocol_has_its_own(book, alone):
    book.store.save_table("other", "0" * 16, book.table)
    for label, spread in (("clear", 0.05), ("dark", 3.0)):
        book.add(label, book.noisy(spread))
        book.add(label + "er", book.noisy(spread), **alone)
    book.add("lonely", book.noisy(0.5), protocol=OFFICIAL)
    found = marked(book)
    assert {label for label, mark in found.items() if mark} == {"clear", "clearer"}


def test_what_was_not_tested_alike_is_not_marked(book):
    book.add("clear", book.noisy(0.05), folds=(0, 1))
    book.add("dark", book.noisy(3.0))
    assert marked(book) == {"clear": "", "dark": ""}


def test_what_a_noise_band_covers_is_not_marked(book, monkeypatch):
    for config, (label, spread) in zip(
        "abc", (("clear", 0.05), ("dim", 0.6), ("dark", 3.0)), strict=True
    ):
        book.add(label, book.noisy(spread), config=config * 16)
    means = book.board()["srocc_mean"]
    gap = means["clear"] - means["dim"]
    for width, expected in ((gap - 0.01, ["best", "second"]), (gap + 0.01, [])):
        known = {stress_id("b" * 16, "set", "set", HASH): noise.Band(0.5, 0.5 + width, 2)}
        monkeypatch.setattr(noise, "bands", lambda store, known=known: known)
        assert [mark for mark in marked(book).values() if mark] == expected


def test_failed_models_are_not_marked_nor_in_the_way(book):
    book.add("lost", book.noisy(0.5), status="failed")
    book.add("also lost", book.noisy(0.5), status="failed")
    assert set(marked(book).values()) == {""}


def test_marks_in_latex_and_markdown(book):
    for label, spread in (("50%_a&b#c", 0.05), ("dim", 0.6), ("dark", 3.0)):
        book.add(label, book.noisy(spread))
    board = leaderboard(book.store)
    rows = short(board, marks(book.store))
    first, second, third = (f"{value:.3f}" for value in board["srocc_mean"])
    latex = tables.render(rows, "latex")
    assert rf"\textbf{{{first}}} [" in latex
    assert rf"\underline{{{second}}} [" in latex
    assert f" {third} [" in latex
    assert r"50\%\_a\&b\#c" in latex
    assert latex.count(r"\textbf") == latex.count(r"\underline") == 1
    markdown = tables.render(rows, "markdown")
    assert f"**{first}** [" in markdown
    assert f"_{second}_ [" in markdown
    assert (latex + markdown).replace("\n", "").isprintable()  # nothing is left of the stand-ins


def test_the_note_is_there_where_marks_may_be(book):
    book.add("one", book.noisy(0.5), shared=[], seen=[])
    board = leaderboard(book.store)
    for form, word in (("markdown", "italic"), ("latex", "underlined")):
        (note,) = [note for note in notes(board, form) if "iqabench compare" in note]
        assert word in note
    assert not any("iqabench compare" in note for note in notes(board))
