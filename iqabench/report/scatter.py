"""Draws predictions against labels, with the fitted logistic curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report import canvas
from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = 4


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
    canvas.save(figure, path)


def _panel(axes: Any, label: str, group: Group) -> None:
    frames = [frame.dropna(subset="prediction") for frame in group.repetitions()]
    for frame in frames:
        axes.plot(frame["prediction"], frame["quality"], ".", color=canvas.BLUE, alpha=0.5, ms=4)
        _curve(axes, frame, group)
    proxy = " (proxy labels)" if group.record.labels == "proxy" else ""
    train = group.record.train
    axes.set_title(f"{label}{proxy}", fontsize=9)
    axes.set_xlabel("prediction" + (f", trained on {train}" if train != "-" else ""), fontsize=8)
    axes.set_ylabel(f"quality, {group.record.test}", fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.3)


def _curve(axes: Any, frame: pd.DataFrame, group: Group) -> None:
    import numpy as np

    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    prediction = frame["prediction"].to_numpy()
    try:
        curve = fitted(prediction, frame["quality"].to_numpy(), group.mapping)
    except LogisticFitError:
        return
    along = np.linspace(prediction.min(), prediction.max(), 200)
    axes.plot(along, curve(along), color=canvas.RED, lw=1, alpha=0.8)
