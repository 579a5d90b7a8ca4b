"""Drawings of labels that are uncertain themselves, of noise, and of tests without labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from desk import BLUE, GREY, RED, panels, pictures

from iqabench.stats import (
    ceiling,
    discriminability,
    krasula,
    outlier_ratio,
    preference_consistency,
    ranking_consistency,
    rmse_star,
    srocc,
)
from iqabench.stats.pairs import pairs_of
from iqabench.stats.raters import standard_error


def scatter() -> Any:
    """The ceiling: how far SROCC can rise where few people rated each picture."""
    random = np.random.default_rng(0)
    true = random.uniform(20, 80, 200)
    raters = np.array([2, 4, 8, 15, 30, 60])
    highest = []
    for number in raters:
        error = standard_error(np.full(true.size, 20.0), np.full(true.size, number))
        highest.append(ceiling(true + random.normal(0, error), error).srocc)
    figure, (axis,) = panels(1, width=4.6, height=2.6)
    axis.plot(raters, highest, "o-", color=BLUE)
    for number, value in zip(raters, highest, strict=True):
        axis.text(number, value - 0.05, f"{value:.2f}", ha="center")
    axis.set(
        title="SROCC of a perfect model",
        xlabel="raters of each picture (sd 20, labels of 20 to 80)",
        xscale="log",
        xticks=raters,
        xticklabels=raters,
        ylim=(0.65, 1.02),
    )
    axis.minorticks_off()
    return figure


def outliers() -> Any:
    """Outlier ratio and RMSE*: what lies outside the labels' own intervals."""
    x, y, _ = pictures(6, 5, error=9, seed=1)
    error = np.full(y.size, 5.0)
    outside = np.abs(x - y) > 1.96 * error
    figure, (axis,) = panels(1, width=4.6, height=3.0)
    axis.errorbar(x, y, 1.96 * error, fmt="none", ecolor="#c6d5ea")
    axis.plot([0, 100], [0, 100], "-", color=GREY, lw=0.8)
    axis.plot(x[~outside], y[~outside], "o", color=BLUE, ms=4)
    axis.plot(x[outside], y[outside], "o", color=RED, ms=4)
    share, star = outlier_ratio(x, y, error), rmse_star(x, y, error, 0)
    axis.set(
        title=f"outlier ratio {share:.2f}, RMSE* {star:.1f}",
        xlabel="mapped prediction",
        ylabel="label, with its 95% interval",
    )
    return figure


def differing() -> Any:
    """AUC DS and AUC BW: pairs that people tell apart, and pairs that they do not."""
    x, y, _ = pictures(12, 5, error=15, seed=7)
    error = np.full(y.size, 8.0)
    found, judged = pairs_of(x, y, error), krasula(x, y, error)
    figure, (size, sign) = panels(2, width=3.4)
    bins = np.linspace(0, 100, 26)
    for different, colour, name in ((False, GREY, "similar"), (True, BLUE, "different")):
        gaps = np.abs(found.gap[found.different == different])
        size.hist(gaps, bins, color=colour, alpha=0.5, density=True, label=name)
    size.set(
        title=f"AUC DS {judged.auc_ds:.2f}", xlabel="size of the predicted difference", yticks=[]
    )
    size.legend(frameon=False)
    gaps = found.gap[found.different]
    bins = np.linspace(-60, 120, 46)
    sign.hist(gaps[gaps > 0], bins, color=BLUE, alpha=0.6)
    sign.hist(gaps[gaps <= 0], bins, color=RED, alpha=0.6)
    sign.axvline(0, color=GREY, lw=0.8)
    sign.set(
        title=f"AUC BW {judged.auc_bw:.2f}, C0 {judged.c0:.2f}",
        xlabel="prediction of the better less the worse",
        yticks=[],
    )
    return figure


def band() -> Any:
    """The noise band: one model after changes that should not matter, and its neighbours."""
    _, y, _ = pictures(16, 10, error=0, seed=8)
    random = np.random.default_rng(8)
    one = y + random.normal(0, 25, y.size)
    values = [srocc(one + random.normal(0, 7, y.size), y) for _ in range(6)]
    near, far = np.mean(values) + 0.008, np.mean(values) - 0.06
    figure, (axis,) = panels(1, width=4.8, height=1.9)
    axis.axvspan(min(values), max(values), color="#c6d5ea")
    axis.plot(values, np.zeros(len(values)), "o", color=BLUE)
    for place, name in ((near, "B"), (far, "C")):
        axis.plot(place, 0.5, "D", color=RED)
        axis.text(place, 0.62, name, ha="center")
    axis.set(
        title=f"noise band of A: {min(values):.3f} to {max(values):.3f}",
        xlabel="SROCC",
        yticks=[],
        ylim=(-0.5, 1),
    )
    return figure


def unrated() -> Any:
    """The D-, L- and P-test."""
    random = np.random.default_rng(0)
    level = np.tile(np.arange(1, 6), 20)
    photo = np.repeat(np.arange(20), 5)
    labels = 90 - 14 * level + random.normal(0, 5, level.size)
    predicted = labels + random.normal(0, 9, level.size)
    pristine = 92 + random.normal(0, 9, 20)
    figure, (d, by_level, p) = panels(3, width=2.6)
    bins = np.linspace(0, 120, 31)
    d.hist(pristine, bins, color=BLUE, alpha=0.6, density=True)
    d.hist(predicted, bins, color=RED, alpha=0.6, density=True)
    d.set(
        title=f"D {discriminability(pristine, predicted):.2f}: pristine (blue)?",
        xlabel="prediction",
        yticks=[],
    )
    for one in range(4):
        by_level.plot(level[photo == one], predicted[photo == one], ".-", lw=1)
    falling = ranking_consistency(predicted, level, photo).value
    by_level.set(title=f"L {falling:.2f}: worse with the level?", xlabel="level of damage")
    agree = preference_consistency(predicted, labels, 0.2 * np.ptp(labels)).value
    p.plot(predicted, labels, ".", color=BLUE, ms=3)
    p.set(title=f"P {agree:.2f}: clear pairs right?", xlabel="prediction", ylabel="proxy label")
    return figure


DRAWINGS = (scatter, outliers, differing, band, unrated)
