import numpy as np
import pytest

from iqabench.report.leaderboard import leaderboard
from iqabench.report.leaderboard_table import short
from iqabench.report.page.board import board


def test_cells_are_those_of_the_printed_leaderboard_and_the_protocol(book):
    for label, noise in (("one", 0.5), ("two", 1.0)):
        book.add(label, book.noisy(noise))
    frame = leaderboard(book.store)
    made = board(frame)
    for row, printed in zip(made.rows, short(frame), strict=True):
        shown = dict(zip(made.columns, row.cells, strict=True))
        assert shown.pop("protocol") == "3-fold"
        assert shown == {name: cell for name, cell in printed.items() if name != "test"}
        assert row.heading == printed["test"]
        assert (row.model, row.test) == (printed["model"], "set")


@pytest.mark.parametrize("sign", [1, -1])
def test_bars_reach_from_the_lowest_interval_or_zero_to_one(book, sign):
    book.add("one", sign * book.noisy(0.5))
    frame = leaderboard(book.store)
    made = board(frame)
    low, mean, high = (frame.loc[0, f"srocc_{end}"] for end in ("low", "mean", "high"))
    assert made.lowest <= min(low, 0) < made.lowest + 0.1 or made.lowest == 0 <= low
    expected = np.interp([low, mean, high], [made.lowest, 1], [0, 100])
    found = made.rows[0].interval
    assert [found.low, found.mean, found.high] == pytest.approx(expected, abs=0.051)


def test_what_is_not_defined_has_no_bar(book):
    book.add("one", None, status="failed")
    (row,) = board(leaderboard(book.store)).rows
    assert row.interval is None
