"""Drawings of how sure a number or a comparison is."""

from __future__ import annotations

from typing import Any

import numpy as np
from desk import BLUE, GREY, RED, panels, pictures

from iqabench.stats import (
    cliques,
    corrected_error,
    critical_difference,
    friedman,
    interval,
    repeated_bootstrap,
    srocc,
)
from iqabench.stats.by_content import content_means, content_t
from iqabench.stats.significance import holm

LEVEL = 0.05


def contents() -> Any:
    """Errors of one content point the same way; what that does to tests."""
    figure, (scatter, alarms) = panels(2, width=3.4)
    x, y, content = pictures(6, 8, error=4, own=14, seed=4)
    for one, colour in enumerate((BLUE, RED, GREY, "#2e7d32", "#b26a00", "#6a1b9a")):
        scatter.plot(x[content == one], y[content == one], ".", color=colour)
    scatter.plot([0, 100], [0, 100], "-", color=GREY, lw=0.8)
    scatter.set(title="each colour: one photograph", xlabel="prediction", ylabel="label")
    found = _false_alarms()
    alarms.bar(["counts\npictures", "counts\nphotographs"], found, color=[RED, BLUE], width=0.6)
    alarms.axhline(LEVEL, color=GREY, ls="--", lw=1)
    for place, share in enumerate(found):
        alarms.text(place, max(share, LEVEL) + 0.01, f"{share:.0%}", ha="center")
    alarms.set(
        title="equal models called different",
        yticks=[0, LEVEL],
        yticklabels=["0", "5%"],
        ylim=(0, 0.32),
    )
    return figure


def _false_alarms() -> tuple[float, float]:
    """Shares of 2000 draws in which tests over images and over contents tell equal models apart."""
    random = np.random.default_rng(0)
    content = np.repeat(np.arange(16), 25)
    by_image, by_content = [], []
    for _ in range(2000):
        own = random.normal(0, 0.55, (2, 16))[:, content]
        squared = (own + random.normal(0, 0.84, own.shape)) ** 2
        differences = squared[0] - squared[1]
        by_image.append(content_t(differences).p < LEVEL)
        by_content.append(content_t(content_means(differences, content)).p < LEVEL)
    return float(np.mean(by_image)), float(np.mean(by_content))


def resamples() -> Any:
    """The interval of SROCC: what other photographs would have given."""
    x, y, content = pictures(16, 10, error=18, own=14, seed=6)
    samples = repeated_bootstrap([(x, y, content)], resamples=4000)
    low, high = interval(samples)
    figure, (axis,) = panels(1, width=4.6, height=2.6)
    axis.hist(samples, 50, color="#c6d5ea")
    axis.axvline(srocc(x, y), color=BLUE)
    for end in (low, high):
        axis.axvline(end, color=RED, ls="--", lw=1)
    axis.set(
        title=f"SROCC {srocc(x, y):.2f} [{low:.2f}, {high:.2f}]",
        xlabel="SROCC of photographs drawn again, 4000 times",
        yticks=[],
    )
    return figure


def verdict() -> Any:
    """The default test: one difference of errors for each content."""
    figure, axes = panels(2, width=3.3, height=2.2)
    for axis, (gain, seed) in zip(axes, ((3.0, 2), (3.5, 1)), strict=True):
        values = np.random.default_rng(seed).normal(gain, 9, 12)
        p = float(content_t(values).p)
        axis.axvline(0, color=GREY, lw=0.8)
        axis.plot(values, np.zeros(values.size), "o", color=BLUE, alpha=0.5)
        axis.plot(values.mean(), 0.25, "v", color=RED)
        word = "B is better" if p < LEVEL else "cannot be told apart"
        axis.set(
            title=f"p = {p:.3f}: {word}",
            xlabel="error of A less error of B",
            yticks=[],
            ylim=(-0.6, 0.8),
        )
    return figure


def many() -> Any:
    """Holm's rule: some false finding among many pairs of equal models."""
    random = np.random.default_rng(0)
    models = np.arange(2, 11)
    plain, corrected = [], []
    for tests in models * (models - 1) // 2:
        p = random.uniform(size=(2000, tests))
        plain.append((p < LEVEL).any(axis=1).mean())
        corrected.append(np.mean([(holm(row) < LEVEL).any() for row in p]))
    figure, (axis,) = panels(1, width=4.6, height=2.6)
    axis.plot(models, plain, "o-", color=RED, label="as they are")
    axis.plot(models, corrected, "o-", color=BLUE, label="after Holm")
    axis.set(
        title="chance of a false finding among equal models",
        xlabel="number of models, each compared with each",
        yticks=[0, LEVEL, 0.5, 1],
        yticklabels=["0", "5%", "50%", "100%"],
    )
    axis.legend(frameon=False)
    return figure


def ranks() -> Any:
    """Mean ranks over data sets, and the difference that chance explains."""
    random = np.random.default_rng(3)
    scores = np.array([0.90, 0.88, 0.86, 0.80, 0.77]) + random.normal(0, 0.025, (8, 5))
    mean = friedman(scores).ranks
    width = critical_difference(5, 8)
    figure, (axis,) = panels(1, width=5.2, height=1.9)
    axis.hlines(0, 1, 5, color=GREY)
    axis.plot(mean, np.zeros(5), "o", color=BLUE)
    for place, (name, rank) in enumerate(zip("ABCDE", mean, strict=True)):
        axis.text(rank, (0.12, 0.32)[place % 2], f"{name} {rank:.1f}", ha="center")
    for level, clique in enumerate(cliques(mean, width), 1):
        ends = [mean[one] for one in clique]
        axis.hlines(-0.15 * level, min(ends), max(ends), color=RED, lw=3)
    axis.set(
        title=f"critical difference {width:.2f}: a bar joins what cannot be told apart",
        xlabel="mean rank over 8 data sets; 1 is best",
        xticks=range(1, 6),
        yticks=[],
        ylim=(-0.6, 0.55),
    )
    axis.spines["left"].set_visible(False)
    return figure


def splits() -> Any:
    """The error of a mean over repeated splits does not go to zero."""
    number = np.arange(2, 31)
    values = np.random.default_rng(0).normal(0.8, 0.03, number[-1])
    values = 0.03 * (values - values.mean()) / values.std(ddof=1)
    spread = [0.03 * values[:n] / values[:n].std(ddof=1) for n in number]
    figure, (axis,) = panels(1, width=4.6, height=2.6)
    axis.plot(number, 0.03 / np.sqrt(number), "-", color=RED, label="sd / √J: too small")
    corrected = [corrected_error(one, 80, 20) for one in spread]
    axis.plot(number, corrected, "-", color=BLUE, label="srocc_error")
    axis.set(
        title="standard error of a mean SROCC, sd .03",
        xlabel="J, number of splits",
        ylim=(0, None),
    )
    axis.legend(frameon=False)
    return figure


DRAWINGS = (contents, resamples, verdict, many, ranks, splits)
