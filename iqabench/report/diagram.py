"""The critical-difference diagram of Demsar (2006): mean ranks of models, and Nemenyi's test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from iqabench.report import canvas
from iqabench.report.ranks import Ranking

# All sizes are in inches, except the font's, which is in points.
SPAN, EDGE = 4.0, 0.15
ROW, BAR = 0.24, 0.12
LETTER = 0.078
TOP = 0.75
FONT = 9


def draw(ranking: Ranking, path: Path) -> None:
    """Draw models on an axis of mean ranks; rank 1, the best, is on the left.

    A bar joins models whose mean ranks differ by no more than Nemenyi's critical difference. A line
    of that length is drawn above the axis.
    """
    names, ranks = list(ranking.scores.index), ranking.friedman.ranks
    half = (len(names) + 1) // 2
    margin = EDGE + LETTER * (7 + max(map(len, names)))
    bars = BAR * (len(ranking.cliques) + 1)
    reach = max(1.0, ranking.critical_difference / (len(names) - 1)) * SPAN
    width = margin + max(SPAN + margin, reach + EDGE)
    height = TOP + bars + ROW * half + 0.45
    figure = canvas.figure(width, height)
    figure.set_layout_engine("none")  # everything is placed in inches
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)

    def across(rank: float) -> float:
        return margin + (rank - 1) / (len(names) - 1) * SPAN

    _axis(axes, across, len(names), ranking.critical_difference)
    for number, clique in enumerate(ranking.cliques, 1):
        ends = [across(ranks[names.index(name)]) for name in (clique[0], clique[-1])]
        axes.plot([ends[0] - 0.05, ends[1] + 0.05], [TOP + BAR * number] * 2, "k-", lw=3.5)
    for place, (name, rank) in enumerate(zip(names, ranks, strict=True)):
        left = place < half
        row = place if left else len(names) - 1 - place
        level = TOP + bars + ROW * row + 0.08
        end = margin - 0.1 if left else margin + SPAN + 0.1
        axes.plot([across(rank)] * 2 + [end], [TOP, level, level], "-", color=canvas.GREY, lw=0.9)
        words = (f"{name}  ", f"{rank:.2f}") if left else (f"{rank:.2f}  ", name)
        axes.text(
            end + (-0.05 if left else 0.05),
            level,
            "".join(words),
            ha="right" if left else "left",
            va="center",
            fontsize=FONT,
        )
    axes.text(EDGE, height - 0.15, _words(ranking), fontsize=FONT - 1, color=canvas.GREY)
    canvas.save(figure, path)


def _axis(axes: Any, across: Any, models: int, width: float) -> None:
    axes.plot([across(1), across(models)], [TOP, TOP], "k-", lw=1)
    for rank in range(1, models + 1):
        axes.plot([across(rank)] * 2, [TOP - 0.06, TOP], "k-", lw=1)
        axes.text(across(rank), TOP - 0.1, str(rank), ha="center", va="bottom", fontsize=FONT)
    ends = [across(1), across(1 + width)]
    axes.plot(ends, [0.32, 0.32], "k-", lw=1.2)
    for end in ends:
        axes.plot([end, end], [0.27, 0.37], "k-", lw=1.2)
    middle = sum(ends) / 2
    axes.text(middle, 0.22, f"CD = {width:.2f}", ha="center", va="bottom", fontsize=FONT)


def _words(ranking: Ranking) -> str:
    tests: Sequence[str] = [
        f"{name} (proxy labels)" if name in ranking.proxy else str(name) for name in ranking.scores
    ]
    return f"mean ranks of SROCC on {', '.join(tests)}"
