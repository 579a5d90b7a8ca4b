"""Draws tables of SROCC as heat maps with numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas

if TYPE_CHECKING:
    import pandas as pd

ACROSS = 3
"""Most panels in a row."""
CELL, LETTER = (0.52, 0.27), 0.075
"""Inches: width and height of a cell; width of a letter of the labels."""


def draw(panels: Mapping[str, pd.DataFrame], path: Path, title: str) -> None:
    """Draw one panel per table of SROCC; cells without a number are grey.

    All panels have the same colour scale. It goes up to 1 and starts at 0, or at the lowest number
    if that is below 0.
    """
    import numpy as np

    columns = min(ACROSS, len(panels))
    rows = math.ceil(len(panels) / columns)
    tables = list(panels.values())
    high, wide = (max(table.shape[side] for table in tables) for side in (0, 1))
    left = max(len(str(name)) for table in tables for name in table.index)
    below = max(len(str(name)) for table in tables for name in table.columns)
    width = CELL[0] * wide + LETTER * left + 0.4
    height = CELL[1] * high + 0.7 * LETTER * below + 0.6
    figure = canvas.figure(columns * width + 0.8, rows * height + 0.3)
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    lowest = min(0.0, *(float(np.nanmin(table.to_numpy(float), initial=0)) for table in tables))
    for axes, (name, table) in zip(grid.flat, panels.items(), strict=False):
        picture = _panel(axes, table, lowest)
        axes.set_title(name, fontsize=9)
    figure.colorbar(picture, ax=grid, shrink=0.6, label="SROCC")
    canvas.save(figure, path)


def _panel(axes: Any, table: pd.DataFrame, lowest: float) -> Any:
    picture = axes.imshow(
        table.to_numpy(float), cmap="viridis", vmin=lowest, vmax=1, aspect=CELL[1] / CELL[0]
    )
    axes.set_facecolor("lightgrey")
    axes.set_xticks(range(table.shape[1]), map(str, table.columns), rotation=45, ha="right")
    axes.set_yticks(range(table.shape[0]), map(str, table.index))
    axes.tick_params(labelsize=8, length=0)
    for row, values in enumerate(table.to_numpy(float)):
        for column, value in enumerate(values):
            if math.isfinite(value):
                dark = (value - lowest) / (1 - lowest) < 0.6
                colour = "white" if dark else "black"
                axes.text(
                    column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=7
                )
    return picture
