"""The critical-difference diagram of Demsar (2006): mean ranks of models, and Nemenyi's test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iqabench.report import canvas
from iqabench.report.ranks import Ranking

LETTER = canvas.LETTER * canvas.TEXT

# All sizes are in inches.
LEAST, RANK, EDGE = 0.8, 0.2, 0.1
"""Shortest axis; least distance of two ranks; distance of text from the edge."""
ROW, BAR = 0.2, 0.1
TOP = 0.7


def draw(ranking: Ranking, path: Path) -> None:
    """Draw models on an axis of mean ranks; rank 1, the best, is on the left.

    A bar joins models whose mean ranks differ by no more than Nemenyi's critical difference. A line
    of that length is drawn above the axis.
    """
    names, ranks = list(ranking.scores.index), ranking.friedman.ranks
    half = (len(names) + 1) // 2
    margin, right = (
        EDGE + LETTER * (7 + max(map(len, side))) for side in (names[:half], names[half:])
    )
    bars = BAR * (len(ranking.cliques) + 1)
    reach = max(1.0, ranking.critical_difference / (len(names) - 1))
    least = max(LEAST, RANK * (len(names) - 1))
    width, span = _widths(margin, right, reach, least)
    words = canvas.wrapped(_words(ranking), width - 2 * EDGE, canvas.SMALL)
    height = TOP + bars + ROW * half + 0.25 + 0.13 * (1 + words.count("\n"))
    figure = canvas.figure(width, height)
    figure.set_layout_engine("none")  # everything is placed in inches
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)

    def across(rank: float) -> float:
        return margin + (rank - 1) / (len(names) - 1) * span

    _axis(axes, across, len(names), ranking.critical_difference)
    for number, clique in enumerate(ranking.cliques, 1):
        ends = [across(ranks[names.index(name)]) for name in (clique[0], clique[-1])]
        axes.plot([ends[0] - 0.05, ends[1] + 0.05], [TOP + BAR * number] * 2, "k-", lw=3.5)
    for place, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        left = place < half
        row = place if left else len(names) - 1 - place
        level = TOP + bars + ROW * row + 0.08
        end = margin - 0.1 if left else margin + span + 0.1
        axes.plot([across(rank)] * 2 + [end], [TOP, level, level], "-", color=canvas.GREY, lw=0.9)
        parts = (f"{name}  ", f"{rank:.2f}") if left else (f"{rank:.2f}  ", name)
        axes.text(
            end + (-0.05 if left else 0.05),
            level,
            "".join(parts),
            ha="right" if left else "left",
            va="center",
            fontsize=canvas.TEXT,
        )
    axes.text(EDGE, height - EDGE, words, fontsize=canvas.SMALL, va="bottom", color=canvas.GREY)
    canvas.save(figure, path)


def _widths(left: float, right: float, reach: float, least: float) -> tuple[float, float]:
    """Width of the figure, one column or two, and length of the axis, at least ``least``.

    Both names and the critical difference, ``reach`` times as long as the axis, have room.
    """
    for width in (canvas.COLUMN, canvas.PAGE, left + right + least * reach):
        span = min(width - left - right, (width - left - EDGE) / reach)
        if span >= least:
            break
    return width, span


def _axis(axes: Any, across: Any, models: int, width: float) -> None:
    axes.plot([across(1), across(models)], [TOP, TOP], "k-", lw=1)
    for rank in range(1, models + 1):
        axes.plot([across(rank)] * 2, [TOP - 0.06, TOP], "k-", lw=1)
        axes.text(
            across(rank), TOP - 0.1, str(rank), ha="center", va="bottom", fontsize=canvas.TEXT
        )
    ends = [across(1), across(1 + width)]
    axes.plot(ends, [0.32, 0.32], "k-", lw=1.2)
    for end in ends:
        axes.plot([end, end], [0.27, 0.37], "k-", lw=1.2)
    middle = sum(ends) / 2
    axes.text(middle, 0.22, f"CD = {width:.2f}", ha="center", va="bottom", fontsize=canvas.TEXT)


def _words(ranking: Ranking) -> str:
    tests: Sequence[str] = [
        f"{name} (proxy labels)" if name in ranking.proxy else str(name) for name in ranking.scores
    ]
    return f"mean ranks of SROCC on {', '.join(tests)}"
