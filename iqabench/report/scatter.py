"""Draws predictions against labels, with the fitted logistic curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas, curves
from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 3
"""Most panels beside each other; of four panels there are two."""


def draw(panels: Mapping[str, Group], path: Path, title: str) -> None:
    """Draw one panel per group: its test pictures, and a fitted curve for each repetition.

    Predictions and labels are higher for better pictures. Only pictures without a prediction are
    left out. Curves have 4 parameters, like those of the mapped PLCC and RMSE.
    """
    columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    total = canvas.COLUMN if columns == 1 else canvas.PAGE
    width = total / columns
    figure = canvas.figure(total, (0.8 * width + 0.4) * rows + 0.5)
    canvas.head(figure, title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (label, group) in zip(grid.flat, panels.items(), strict=False):
        _panel(axes, label, group, width - 0.5)
    _legend(figure, grid)
    canvas.save(figure, path)


def _legend(figure: Any, grid: Any) -> None:
    """Name the curves once for all panels, in which repetitions of one name look alike."""
    named: dict[str, Any] = {}
    letter = canvas.LETTER * canvas.SMALL
    for axes in grid.flat:
        lines, names = axes.get_legend_handles_labels()
        named |= zip(names, lines, strict=True)
    if len(named) > 1:
        columns = max(1, int(figure.get_figwidth() / (0.45 + letter * max(map(len, named)))))
        place = {"loc": "outside lower center", "ncols": columns, "frameon": False}
        figure.legend(named.values(), named.keys(), fontsize=canvas.SMALL, **place)


def _panel(axes: Any, label: str, group: Group, width: float) -> None:
    names, drawn = curves.names(group.evaluations), {}
    for number, (name, frame) in enumerate(zip(names, group.repetitions(), strict=True)):
        known = frame.dropna(subset="prediction")
        axes.plot(known["prediction"], known["quality"], ".", color=canvas.BLUE, alpha=0.5, ms=3)
        step = _curve(axes, known, group, name, curves.Style(number))
        if step is not None:
            drawn[name] = step
    steps = curves.step_words([name for name, step in drawn.items() if step], len(drawn))
    train = group.record.train
    axes.set_title(canvas.wrapped(label, width), fontsize=canvas.TEXT)
    below = "prediction" + (f", trained on {train}" if train != "-" else "")
    words = canvas.wrapped(f"{below}\n{steps}", width, canvas.SMALL)
    axes.set_xlabel(words, fontsize=canvas.SMALL)
    axes.set_ylabel("label", fontsize=canvas.SMALL)
    axes.tick_params(labelsize=canvas.SMALL)
    axes.locator_params(nbins=5)
    axes.grid(alpha=0.3)


def _curve(
    axes: Any, frame: pd.DataFrame, group: Group, name: str, style: curves.Style
) -> bool | None:
    """Draw a repetition's curve; whether it is a step, or None if there is no curve."""
    import numpy as np

    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    prediction = frame["prediction"].to_numpy()
    try:
        curve = fitted(prediction, frame["quality"].to_numpy(), group.mapping)
    except LogisticFitError:
        return None
    along = np.linspace(prediction.min(), prediction.max(), 200)
    axes.plot(along, curve(along), lw=1.1, label=name, **style.line)
    return curves.is_step(curve(prediction))
