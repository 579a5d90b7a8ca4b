"""Predictions against labels, with the logistic curves between them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 4
BLUE, RED = "#205493", "#b3261e"


def draw(panels: Mapping[str, Group], path: Path, title: str) -> None:
    """One panel per group: its test pictures, and a fitted curve for each repetition, as a PNG.

    Predictions and labels are drawn as stored, higher for better, and no picture is left out but
    those without a prediction. Curves have 4 parameters, as behind the mapped PLCC and RMSE.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(3.6 * columns, 3.4 * rows + 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (label, group) in zip(grid.flat, panels.items(), strict=False):
        _panel(axes, label, group)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def _panel(axes: Any, label: str, group: Group) -> None:
    frames = [frame.dropna(subset="prediction") for frame in group.repetitions()]
    for frame in frames:
        axes.plot(frame["prediction"], frame["quality"], ".", color=BLUE, alpha=0.5, ms=4)
        _curve(axes, frame)
    proxy = " (proxy labels)" if group.keys["labels"] == "proxy" else ""
    axes.set_title(f"{label}{proxy}", fontsize=9)
    axes.set_xlabel(f"prediction, trained on {group.keys['train']}", fontsize=8)
    axes.set_ylabel(f"quality, {group.keys['test']}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)


def _curve(axes: Any, frame: pd.DataFrame) -> None:
    import numpy as np

    from iqabench.stats.logistic import LogisticFitError, fit_logistic

    prediction = frame["prediction"].to_numpy()
    try:
        fitted = fit_logistic(prediction, frame["quality"].to_numpy())
    except LogisticFitError:
        return
    along = np.linspace(prediction.min(), prediction.max(), 200)
    axes.plot(along, fitted(along), color=RED, lw=1, alpha=0.8)
