"""Draws tables of SROCC as heat maps with numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas

if TYPE_CHECKING:
    import pandas as pd

ACROSS = 3
"""Most panels in a row."""
CELL = 0.4, 0.2
"""Inches: smallest width of a cell, and its height."""
COLOURS = "viridis"
FAR, EVEN = 5.0, 0.05
"""A number is far below the others if it lies more than ``FAR`` median deviations below the median;
a deviation is at least ``EVEN``."""


def draw(panels: Mapping[str, pd.DataFrame], path: Path, title: str) -> None:
    """Draw one panel per table of SROCC; cells without a number are grey.

    All panels have the same colour scale, from the lowest number to the highest, both rounded to
    tenths. Numbers far below the others have the darkest colour, and the scale then an arrow.
    """
    tables = list(panels.values())
    left, below, wide = _labels(tables)
    width = left + max(CELL[0] * wide, 0.8) + 0.25
    across = max(1, min(ACROSS, len(panels), int(canvas.PAGE / width)))
    rows = math.ceil(len(panels) / across)
    fits = across * width <= canvas.COLUMN
    total = canvas.COLUMN if fits else max(canvas.PAGE, across * width)
    names = [canvas.wrapped(name, total / across - 0.2) for name in panels]
    head = 0.15 * max(1 + name.count("\n") for name in names)
    height = CELL[1] * max(map(len, tables)) + below + head + 0.1
    figure = canvas.figure(total, rows * height + 0.9)
    canvas.head(figure, title)
    grid = figure.subplots(rows, across, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    low, high, more = limits([value for table in tables for value in table.to_numpy(float).flat])
    for axes, name, table in zip(grid.flat, names, tables, strict=False):
        room = (total / across - left - 0.2) / table.shape[1]
        picture = _panel(axes, table, low, high, room)
        axes.set_title(name, fontsize=canvas.TEXT)
    scale: dict[str, Any] = {"location": "bottom", "shrink": min(1.0, 2.4 / total), "aspect": 25}
    bar = figure.colorbar(picture, ax=grid, extend="min" if more else "neither", **scale)
    bar.set_label("SROCC", fontsize=canvas.TEXT)
    bar.ax.xaxis.set_major_formatter("{x:.2f}")
    bar.ax.tick_params(labelsize=canvas.SMALL)
    canvas.save(figure, path)


def limits(values: Sequence[float]) -> tuple[float, float, bool]:
    """The ends of the colour scale, and whether any number lies below it.

    Args:
        values: SROCCs, also NaN.
    """
    import numpy as np

    found = np.array([value for value in values if math.isfinite(value)])
    if not found.size:
        return 0.0, 1.0, False
    middle = np.median(found)
    reach = FAR * max(np.median(np.abs(found - middle)), EVEN)
    near = found[found >= middle - reach]
    low, high = math.floor(near.min() * 10) / 10, math.ceil(near.max() * 10) / 10
    return low, max(high, low + 0.1), bool((found < low).any())


def _labels(tables: Sequence[pd.DataFrame]) -> tuple[float, float, int]:
    """Inches of the labels at the left and below, and the most columns of a table."""
    letter = canvas.LETTER * canvas.SMALL
    left = max(len(str(name)) for table in tables for name in table.index) * letter
    longest = max(len(str(name)) for table in tables for name in table.columns) * letter
    below = 0.2 if longest < CELL[0] else 0.75 * longest + 0.1
    return left, below, max(table.shape[1] for table in tables)


def _panel(axes: Any, table: pd.DataFrame, low: float, high: float, room: float) -> Any:
    """Draw a table whose cells are ``room`` inches wide."""
    scale = {"cmap": COLOURS, "vmin": low, "vmax": high}
    picture = axes.imshow(table.to_numpy(float), aspect="auto", **scale)
    axes.set_facecolor("lightgrey")
    names = [str(name) for name in table.columns]
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    short = max(map(len, names)) * canvas.LETTER * canvas.SMALL < room
    axes.set_xticks(range(table.shape[1]), names, **({} if short else turn))
    axes.set_yticks(range(table.shape[0]), map(str, table.index))
    axes.tick_params(labelsize=canvas.SMALL, length=0)
    for row, values in enumerate(table.to_numpy(float)):
        for column, value in enumerate(values):
            if math.isfinite(value):
                red, green, blue, _ = picture.cmap(picture.norm(value))
                bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.45
                place = {"ha": "center", "va": "center", "color": "black" if bright else "white"}
                axes.text(column, row, f"{value:.2f}", fontsize=canvas.SMALL, **place)
    return picture
