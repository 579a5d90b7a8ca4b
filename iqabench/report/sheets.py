"""Draws sheets of panels as PNG: a row per picture, with the picture and its maps side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas
from iqabench.report.neutral import visible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Panel = tuple[str, NDArray[Any]]

WIDTH = 2.6
"""Width of a panel in inches."""
DPI = 150
TITLE, HEADING = 0.35, 0.4
"""Heights in inches of a panel's title and of the sheet's title."""


def sheet(rows: Sequence[Sequence[Panel]], path: Path, title: str) -> None:
    """Draw rows of panels.

    Args:
        rows: one row of panels per picture. A panel is a title and an array: (H, W, 3) RGB, float
            in [0, 1] or uint8, or (H, W) in [0, 1], drawn from dark (0) to bright (1).
        path: the PNG to write; its folder is made if it does not exist.
        title: the title of the whole sheet.

    Raises:
        UsageError: the file cannot be written.
    """
    columns = max(map(len, rows))
    height, width = rows[0][0][1].shape[:2]
    figure = canvas.figure(WIDTH * columns, (WIDTH * height / width + TITLE) * len(rows) + HEADING)
    figure.suptitle(visible(title), fontsize=10)
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_row, row in zip(grid, rows, strict=True):
        for axes in axes_row:
            axes.set_axis_off()
        for axes, (name, picture) in zip(axes_row, row, strict=False):
            axes.imshow(picture, cmap="inferno", vmin=0, vmax=1)
            axes.set_title(visible(name), fontsize=8)
    canvas.save(figure, path, dpi=DPI)
