"""The leaderboard of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report import leaderboard_table, tables
from iqabench.report.screen import numeric

MARKED = (
    "SROCC, bold: best; underlined: second best, only where the model is found better than the "
    "next of its set and protocol; where none is bold, the first is not shown to be better"
)
"""The footnote on marks."""

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Interval:
    """Positions of a mean and of the ends of its interval along a bar, in percent of the bar."""

    low: float
    mean: float
    high: float


@dataclass(frozen=True)
class Row:
    """One row; its cells are in the order of :attr:`Board.columns`."""

    model: str
    test: str
    heading: str
    """The test set, and what its labels are if people did not give them."""
    mark: str
    """``best``, ``second`` or empty: see :func:`iqabench.report.marks.marks`."""
    cells: tuple[str, ...]
    interval: Interval | None


@dataclass(frozen=True)
class Board:
    """Columns, rows in the leaderboard's order, and footnotes."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    numeric: tuple[bool, ...]
    """Whether each column holds numbers."""
    bar_after: int
    """Index of the column behind which the bars are drawn."""
    lowest: float
    """SROCC at the left end of the bars; the right end is 1."""

    @property
    def sets(self) -> tuple[tuple[Row, ...], ...]:
        """The rows of each test set."""
        tests = dict.fromkeys(row.test for row in self.rows)
        return tuple(tuple(row for row in self.rows if row.test == test) for test in tests)


def board(
    frame: pd.DataFrame, more: Sequence[str] = (), marks: Sequence[str] | None = None
) -> Board:
    """The short leaderboard, with the protocol of each row and a bar for its SROCC interval.

    SROCC stands beside the model, so that a narrow screen shows it. ``more`` are further footnotes,
    ``marks`` has a mark for each row.
    """
    full = tables.records(frame)
    short = [
        {"protocol": row["protocol"], **cells}
        for row, cells in zip(full, leaderboard_table.short(frame), strict=True)
    ]
    lows = [row["srocc_low"] for row in full if math.isfinite(row["srocc_low"])]
    lowest = min(0.0, math.floor(min(lows, default=0.0) * 10) / 10)
    columns = [name for name in short[0] if name != "protocol"]
    columns[columns.index("test")] = "protocol"  # the sets are headings
    (srocc,) = (name for name in columns if name.startswith("SROCC"))
    columns.remove(srocc)
    columns.insert(1, srocc)
    rows = tuple(
        Row(
            row["model"],
            row["test"],
            cells["test"],
            mark,
            tuple(str(cells[name]) for name in columns),
            _interval(row, lowest),
        )
        for row, cells, mark in zip(full, short, marks or [""] * len(full), strict=True)
    )
    numbers = tuple(numeric([row.cells[place] for row in rows]) for place in range(len(columns)))
    notes = (*([MARKED] if marks else []), *leaderboard_table.notes(frame), *more)
    return Board(tuple(columns), rows, notes, numbers, columns.index(srocc), lowest)


def _interval(row: dict[str, Any], lowest: float) -> Interval | None:
    ends = [row[f"srocc_{end}"] for end in ("low", "mean", "high")]
    if not all(map(math.isfinite, ends)):
        return None
    return Interval(*(round(100 * (end - lowest) / (1 - lowest), 1) for end in ends))
