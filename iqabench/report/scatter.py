"""Draws predictions against labels, with the fitted logistic curves."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas, curves
from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 4
WORDS = 44
"""Most letters in a line below a panel."""


def draw(panels: Mapping[str, Group], path: Path, title: str) -> None:
    """Draw one panel per group: its test pictures, and a fitted curve for each repetition.

    Predictions and labels are higher for better pictures. Only pictures without a prediction are
    left out. Curves have 4 parameters, like those of the mapped PLCC and RMSE.
    """
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = canvas.figure(3.6 * columns, 3.4 * rows + 0.4)
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (label, group) in zip(grid.flat, panels.items(), strict=False):
        _panel(axes, label, group)
    _legend(figure, grid)
    canvas.save(figure, path)


def _legend(figure: Any, grid: Any) -> None:
    """Name the curves once for all panels, in which repetitions of one name look alike."""
    named: dict[str, Any] = {}
    for axes in grid.flat:
        lines, names = axes.get_legend_handles_labels()
        named |= zip(names, lines, strict=True)
    if len(named) > 1:
        place = {"loc": "outside lower center", "ncols": 5}
        figure.legend(named.values(), named.keys(), fontsize=7, frameon=False, **place)


def _panel(axes: Any, label: str, group: Group) -> None:
    names, drawn = curves.names(group.evaluations), {}
    for number, (name, frame) in enumerate(zip(names, group.repetitions(), strict=True)):
        known = frame.dropna(subset="prediction")
        axes.plot(known["prediction"], known["quality"], ".", color=canvas.BLUE, alpha=0.5, ms=4)
        step = _curve(axes, known, group, name, curves.Style(number))
        if step is not None:
            drawn[name] = step
    steps = curves.step_words([name for name, step in drawn.items() if step], len(drawn))
    proxy = " (proxy labels)" if group.record.labels == "proxy" else ""
    train = group.record.train
    axes.set_title(f"{label}{proxy}", fontsize=9)
    below = "prediction" + (f", trained on {train}" if train != "-" else "")
    axes.set_xlabel("\n".join([below, *textwrap.wrap(steps, WORDS)]), fontsize=8)
    axes.set_ylabel(f"quality, {group.record.test}", fontsize=8)
    axes.tick_params(labelsize=7)
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
    axes.plot(along, curve(along), lw=1.2, label=name, **style.line)
    return curves.is_step(curve(prediction))
