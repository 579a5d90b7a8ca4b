"""Drawings of how well predictions agree with labels."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from desk import BLUE, GREY, RED, panels, pictures

from iqabench.stats import fit_logistic, krocc, plcc, rmse, srocc
from iqabench.stats.by_group import group_means


def order() -> Any:
    """SROCC: three models, from a good order to none."""
    figure, axes = panels(3)
    for axis, error in zip(axes, (6, 35, 1000), strict=True):
        x, y, _ = pictures(12, 5, error=error)
        axis.plot(x, y, ".", color=BLUE)
        axis.set(title=f"SROCC {srocc(x, y):.2f}", xlabel="prediction", xticks=[])
    axes[0].set_ylabel("label: what people said")
    return figure


def pairs() -> Any:
    """KROCC: pairs of six pictures, in the right and in the wrong order."""
    x, y = np.array([1, 2, 3, 4, 5, 6]), np.array([22, 10, 45, 35, 62, 80])
    figure, (axis,) = panels(1, width=4.2, height=2.8)
    right = 0
    for a, b in combinations(range(x.size), 2):
        good = (x[a] - x[b]) * (y[a] - y[b]) > 0
        right += good
        axis.plot(x[[a, b]], y[[a, b]], "-" if good else "--", color=GREY if good else RED, lw=1)
    axis.plot(x, y, "o", color=BLUE)
    wrong = x.size * (x.size - 1) // 2 - right
    axis.set(
        title=f"{right} pairs right, {wrong} wrong (dashed): KROCC {krocc(x, y):.2f}",
        xlabel="prediction",
        ylabel="label",
    )
    return figure


def mapping() -> Any:
    """PLCC before and after the logistic curve."""
    random = np.random.default_rng(1)
    x = random.uniform(0, 10, 80)
    y = (100 / (1 + np.exp(1.3 * (6.5 - x))) + random.normal(0, 9, x.size)).clip(0, 100)
    curve = fit_logistic(x, y)
    line = np.linspace(x.min(), x.max(), 100)
    figure, (raw, mapped) = panels(2, width=3.3)
    raw.plot(x, y, ".", color=BLUE)
    raw.plot(line, curve(line), "-", color=RED)
    raw.set(title=f"raw: PLCC {plcc(x, y):.2f}", xlabel="prediction, its own unit", ylabel="label")
    mapped.plot(curve(x), y, ".", color=BLUE)
    mapped.plot([0, 100], [0, 100], "-", color=GREY, lw=0.8)
    mapped.set(
        title=f"mapped: PLCC {plcc(curve(x), y):.2f}", xlabel="prediction, in units of the label"
    )
    return figure


def errors() -> Any:
    """RMSE: what mapped predictions miss."""
    x, y, _ = pictures(5, 4, error=12, seed=3)
    mapped = fit_logistic(x, y)(x)
    figure, (axis,) = panels(1, width=4.2, height=2.8)
    axis.plot([0, 100], [0, 100], "-", color=GREY, lw=0.8)
    axis.vlines(mapped, np.minimum(y, mapped), np.maximum(y, mapped), color=RED, lw=1)
    axis.plot(mapped, y, "o", color=BLUE, ms=4)
    axis.set(
        title=f"RMSE {rmse(mapped, y):.1f}: the usual length of a red line",
        xlabel="mapped prediction",
        ylabel="label",
    )
    return figure


def span() -> Any:
    """The same errors over a wide and over a narrow range of quality."""
    x, y, _ = pictures(40, 4, error=12, seed=2)
    middle = (y > 40) & (y < 60)
    figure, (whole, part) = panels(2, width=3.3)
    whole.axhspan(40, 60, color="#eef2f8")
    whole.plot(x, y, ".", color=BLUE)
    whole.set(title=f"whole set: SROCC {srocc(x, y):.2f}", xlabel="prediction", ylabel="label")
    part.plot(x[middle], y[middle], ".", color=BLUE)
    narrow = srocc(x[middle], y[middle])
    part.set(title=f"labels of 40 to 60: SROCC {narrow:.2f}", xlabel="prediction")
    return figure


def groups() -> Any:
    """Three groups of unequal quality: a model that only tells the groups apart."""
    random = np.random.default_rng(5)
    group = np.repeat([0, 1, 2], 30)
    y = 25 + 25 * group + random.normal(0, 6, group.size)
    x = 25 + 25 * group + random.normal(0, 6, group.size)
    within = [srocc(x[group == one], y[group == one]) for one in range(3)]
    figure, (axis,) = panels(1, width=4.2, height=2.8)
    for one, colour in enumerate((BLUE, RED, GREY)):
        axis.plot(x[group == one], y[group == one], ".", color=colour)
    axis.set(
        title=f"all: SROCC {srocc(x, y):.2f}; mean within groups: {group_means(within):.2f}",
        xlabel="prediction",
        ylabel="label",
    )
    return figure


DRAWINGS = (order, pairs, mapping, errors, span, groups)
