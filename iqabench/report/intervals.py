"""Draws means with their intervals, one per row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.report import canvas

if TYPE_CHECKING:
    import pandas as pd


def draw(table: pd.DataFrame, name: str, path: Path, title: str) -> None:
    """Draw the SROCC and the interval of every row, one panel per test set, the first row on top.

    Args:
        table: rows as in a leaderboard, with ``test``, ``labels``, ``srocc_mean``, ``srocc_low``
            and ``srocc_high``.
        name: the column with the rows' names.
        path: the file, as for :func:`iqabench.report.canvas.save`.
        title: the beginning of all panels' titles.
    """
    tests = list(dict.fromkeys(table["test"]))
    longest = max((table["test"] == test).sum() for test in tests)
    figure = canvas.figure(6.4 * len(tests), 1.4 + 0.32 * longest)
    for number, test in enumerate(tests, 1):
        axes = figure.add_subplot(1, len(tests), number)
        part = table[table["test"] == test].iloc[::-1]
        mean, low, high = (part[f"srocc_{end}"].to_numpy() for end in ("mean", "low", "high"))
        errors = [(mean - low).clip(min=0), (high - mean).clip(min=0)]
        axes.errorbar(mean, range(len(part)), xerr=errors, fmt="o", color=canvas.BLUE, capsize=3)
        axes.set_yticks(range(len(part)), part[name])
        axes.set_xlabel("SROCC, mean over repetitions and 95% interval over contents")
        proxy = " (proxy labels)" if (part["labels"] == "proxy").any() else ""
        axes.set_title(f"{title}, {test}{proxy}", fontsize=10)
        axes.grid(axis="x", alpha=0.3)
    canvas.save(figure, path)
