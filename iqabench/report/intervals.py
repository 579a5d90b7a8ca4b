"""Draws means with their intervals, one per row."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas

if TYPE_CHECKING:
    import pandas as pd

ACROSS = 2
"""Most panels beside each other."""
ROW, LINE, REST = 0.2, 0.13, 0.75
"""Inches: height of a row, of each further line of its name, and of all else in a panel."""
NAME = 1.25
"""Inches: width of the names."""
STEP = 20
"""The axis begins and ends at a multiple of 1/20."""


def draw(table: pd.DataFrame, name: str, path: Path, title: str) -> None:
    """Draw the SROCC and the interval of every row, one panel per test set, the first row on top.

    Several panels have titles of their own: their test sets.

    Args:
        table: rows as in a leaderboard, with ``test``, ``labels``, ``srocc_mean``, ``srocc_low``
            and ``srocc_high``.
        name: the column with the rows' names.
        path: the file, as for :func:`iqabench.report.canvas.save`.
        title: the title of the figure.
    """
    parts = [part.iloc[::-1] for _, part in table.groupby("test", sort=False)]
    names = [[canvas.wrapped(str(one), NAME, canvas.SMALL) for one in part[name]] for part in parts]
    columns = min(ACROSS, len(parts))
    rows = math.ceil(len(parts) / columns)
    height = max(sum(ROW + LINE * one.count("\n") for one in those) for those in names) + REST
    figure = canvas.figure(canvas.COLUMN * columns, height * rows)
    canvas.head(figure, title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(parts) :]:
        axes.set_axis_off()
    for axes, part, those in zip(grid.flat, parts, names, strict=False):
        _panel(axes, part, those)
        if len(parts) > 1:
            proxy = " (proxy labels)" if (part["labels"] == "proxy").any() else ""
            axes.set_title(f"{part['test'].iloc[0]}{proxy}", fontsize=canvas.TEXT)
    figure.supxlabel("SROCC, mean and 95% interval", fontsize=canvas.TEXT)
    canvas.save(figure, path)


def _panel(axes: Any, part: pd.DataFrame, names: list[str]) -> None:
    import numpy as np

    mean, low, high = (part[f"srocc_{end}"].to_numpy(float) for end in ("mean", "low", "high"))
    errors = [np.fmax(mean - low, 0), np.fmax(high - mean, 0)]
    places = range(len(part))
    style = {"fmt": "o", "ms": 4, "lw": 1.2, "color": canvas.BLUE, "capsize": 2.5}
    axes.errorbar(mean, places, xerr=errors, **style)
    axes.set_yticks(places, names)
    axes.set_ylim(-0.7, len(part) - 0.3)
    ends = np.concatenate([mean, low, high])
    ends = ends[np.isfinite(ends)]
    if ends.size:
        first, last = math.floor(ends.min() * STEP) / STEP, math.ceil(ends.max() * STEP) / STEP
        last = max(last, first + 2 / STEP)
        edge = 0.03 * (last - first)
        axes.set_xlim(first - edge, last + edge)
    axes.locator_params(axis="x", nbins=5, steps=[1, 2, 5, 10])
    axes.xaxis.set_major_formatter("{x:.2f}")
    axes.tick_params(labelsize=canvas.SMALL)
    axes.grid(axis="x", alpha=0.3)
