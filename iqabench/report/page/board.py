"""The leaderboard of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report import leaderboard_table, tables

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
    cells: tuple[str, ...]
    interval: Interval | None


@dataclass(frozen=True)
class Board:
    """Columns, rows in the leaderboard's order, and footnotes."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    bar_after: int
    """Index of the column behind which the bars are drawn."""
    lowest: float
    """SROCC at the left end of the bars; the right end is 1."""


def board(frame: pd.DataFrame, more: Sequence[str] = ()) -> Board:
    """The short leaderboard, with the protocol of each row and a bar for its SROCC interval.

    ``more`` are further footnotes.
    """
    full = tables.records(frame)
    short = [
        {"protocol": row["protocol"], **cells}
        for row, cells in zip(full, leaderboard_table.short(frame), strict=True)
    ]
    lows = [row["srocc_low"] for row in full if math.isfinite(row["srocc_low"])]
    lowest = min(0.0, math.floor(min(lows, default=0.0) * 10) / 10)
    columns = [name for name in short[0] if name != "protocol"]
    columns.insert(columns.index("test") + 1, "protocol")
    rows = tuple(
        Row(
            row["model"],
            row["test"],
            tuple(str(cells[name]) for name in columns),
            _interval(row, lowest),
        )
        for row, cells in zip(full, short, strict=True)
    )
    bar_after = next(i for i, name in enumerate(columns) if name.startswith("SROCC"))
    notes = (*leaderboard_table.notes(frame), *more)
    return Board(tuple(columns), rows, notes, bar_after, lowest)


def _interval(row: dict[str, Any], lowest: float) -> Interval | None:
    ends = [row[f"srocc_{end}"] for end in ("low", "mean", "high")]
    if not all(map(math.isfinite, ends)):
        return None
    return Interval(*(round(100 * (end - lowest) / (1 - lowest), 1) for end in ends))
