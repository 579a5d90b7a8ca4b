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
TITLE, HEADING, FOOT = 0.3, 0.3, 0.55
"""Heights in inches of a panel's title, of the sheet's title, and of the colour bar."""
LINE = 0.15
"""Height in inches of a line of text."""
BAR = 2.2
"""Width of the colour bar in inches."""
MANY = 150
"""Dots per inch of sheets of several pictures."""


def sheet(rows: Sequence[Sequence[Panel]], path: Path, title: str, note: str = "") -> None:
    """Draw rows of panels, and below them the colours of maps.

    Args:
        rows: one row of panels per picture. A panel is a title and an array: (H, W, 3) RGB, float
            in [0, 1] or uint8, or (H, W) in [0, 1], drawn from dark (0) to bright (1).
        path: the PNG to write; its folder is made if it does not exist.
        title: the title of the whole sheet.
        note: what bright and dark places mean, below the panels.

    Raises:
        UsageError: the file cannot be written.
    """
    columns = max(map(len, rows))
    height, width = rows[0][0][1].shape[:2]
    words = canvas.wrapped(note, WIDTH * columns - 0.2)
    has_maps = any(panel.ndim == 2 for row in rows for _, panel in row)
    foot = FOOT * has_maps + LINE * len(words.splitlines())
    row_height = WIDTH * height / width + TITLE
    figure = canvas.figure(WIDTH * columns, row_height * len(rows) + HEADING + foot)
    canvas.head(figure, visible(title))
    grid = figure.subplots(len(rows), columns, squeeze=False)
    for axes_row, row in zip(grid, rows, strict=True):
        for axes in axes_row:
            axes.set_axis_off()
        for axes, (name, picture) in zip(axes_row, row, strict=False):
            axes.imshow(picture, cmap=canvas.MAP, vmin=0, vmax=1)
            axes.set_title(canvas.wrapped(visible(name), WIDTH - 0.1), fontsize=canvas.TEXT)
    if has_maps:
        _bar(figure, grid, columns)
    if words:
        figure.supxlabel(words, fontsize=canvas.TEXT)
    canvas.save(figure, path, canvas.DPI if len(rows) == 1 else MANY)


def _bar(figure: Any, grid: Any, columns: int) -> None:
    from matplotlib.cm import ScalarMappable

    size = {"location": "bottom", "shrink": min(1, BAR / (WIDTH * columns)), "aspect": 25}
    bar = figure.colorbar(ScalarMappable(cmap=canvas.MAP), ax=grid, ticks=[0, 0.5, 1], **size)
    bar.ax.set_xticklabels(["0, low", "0.5", "1, high"], fontsize=canvas.SMALL)
