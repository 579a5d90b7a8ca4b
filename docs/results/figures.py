"""Draws the figures of biq2021.md from the tables of that page and from the printed numbers."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.report import canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).parent
PAGE = FOLDER / "biq2021.md"
PRINTED = FOLDER.parents[1] / "plugins" / "iqabench_datasets" / "biq2021_published.csv"
FIRST, WITHOUT = "| model | printed |", "| model | 1,584 pictures |"
LAST, STUDY = "| model | all 2,000 |", "| minus quality alone |"
OTHERS, VARIANTS = "| by one recipe |", "| variant |"
"""How the tables of the page begin."""
PARTS = ("all pictures", "ss01", "ss02", "ss03")
NUMBER = re.compile(r"-?\.\d+")


def table(begin: str) -> dict[str, list[list[float]]]:
    """Row -> the numbers of each further cell, of the table that begins so."""
    text = PAGE.read_text(encoding="utf-8")
    lines = text[text.index(begin) :].split("\n\n")[0].splitlines()[2:]
    found = {}
    for line in lines:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        plain = re.sub(r", \[.*|`", "", name)
        found[plain] = [[float(one) for one in NUMBER.findall(cell)] for cell in cells]
    return found


def printed() -> list[tuple[str, float]]:
    """Method and SROCC, in both printed tables, the lowest first."""
    with PRINTED.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = [
        (row["method"], float(row[column]))
        for row in rows
        for column in ("first_srocc", "second_srocc")
        if row[column]
    ]
    return sorted(set(found), key=lambda one: (one[1], one[0]))


def measured() -> dict[str, list[float]]:
    """Our row -> SROCC over all test pictures and the ends of its interval."""
    first = {name: cells[1] for name, cells in table(FIRST).items() if cells[1]}
    last = {name: cells[0] for name, cells in table(LAST).items() if "in bf16" not in name}
    others = {name: cells[0] for name, cells in (table(OTHERS) | table(VARIANTS)).items()}
    return first | last | others


def draw_printed(path: Path) -> None:
    """Dots: printed numbers are hollow; ours are filled and have intervals."""
    ours = measured()
    others = [(name, [value]) for name, value in printed()]
    rows = sorted([*others, *ours.items()], key=lambda row: row[1][0])
    figure = canvas.figure(canvas.COLUMN * 1.5, 0.145 * len(rows) + 0.8)
    canvas.head(
        figure,
        "SROCC on BIQ2021's official test part. Filled: measured here, with 95% intervals. "
        "Hollow: printed by others",
    )
    axes = figure.subplots()
    for place, (name, cells) in enumerate(rows):
        if name in ours:
            _dot(axes, place, cells)
        else:
            axes.plot(cells[0], place, "o", ms=4, mfc="none", color=canvas.GREY)
    _name(axes, [name for name, _ in rows])
    for label, (name, _) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(canvas.BLUE if name in ours else canvas.GREY)
    axes.set_xlim(0.08, 0.92)
    _finish(axes, "SROCC")
    canvas.save(figure, path)


def draw_leak(path: Path) -> None:
    """Lines from the SROCC with shared scenes to that without, one panel for each model."""
    every = {name: cells[1:] for name, cells in table(FIRST).items()} | table(LAST)
    ends = {}
    for name, cells in table(WITHOUT).items():
        before = next(row for one, row in every.items() if one.startswith(name))
        ends[name] = [[cell[0] for cell in (row[0], *row[2:])] for row in (before, cells)]
    figure = canvas.figure(canvas.PAGE, 2.9)
    canvas.head(figure, "What 416 test pictures do whose scenes are also in training")
    for axes, (name, (before, after)) in zip(
        figure.subplots(1, len(ends), sharey=True), ends.items(), strict=True
    ):
        for part, high, low in zip(PARTS, before, after, strict=True):
            whole = part == PARTS[0]
            colour = canvas.RED if whole else canvas.BLUE
            axes.plot([0, 1], [high, low], "o-", ms=4, color=colour, lw=2 if whole else 1.2)
            axes.text(1.06, low, part, fontsize=canvas.SMALL, color=colour, va="center")
        axes.set_xlim(-0.15, 1.75)
        axes.set_xticks([0, 1], ["all", "without"])
        axes.set_title(name, fontsize=canvas.TEXT)
        axes.tick_params(labelsize=canvas.SMALL)
        axes.grid(axis="y", alpha=0.3)
    figure.supylabel("SROCC", fontsize=canvas.TEXT)
    canvas.save(figure, path)


def draw_saliency(path: Path) -> None:
    """Dots with intervals: what each network of the study has more than quality alone."""
    rows = list(table(STUDY).items())[::-1]
    figure = canvas.figure(canvas.PAGE, 0.2 * len(rows) + 0.95)
    canvas.head(figure, "Does saliency help? Difference from quality alone on BIQ2021's test part")
    panels = figure.subplots(1, 2, sharey=True)
    for axes, column, title in zip(panels, (0, 2), ("all 2,000", "mean of 3"), strict=True):
        for place, (_, cells) in enumerate(rows):
            _dot(axes, place, cells[column])
        axes.axvline(0, color=canvas.GREY, lw=0.8)
        _name(axes, [name for name, _ in rows])
        axes.set_title(title, fontsize=canvas.TEXT)
        _finish(axes, "SROCC, paired difference and 95% interval")
    canvas.save(figure, path)


def _dot(axes: Axes, place: int, cells: list[float]) -> None:
    """A measured number and its interval."""
    value, low, high = cells
    axes.plot([low, high], [place, place], color=canvas.BLUE, lw=1.4)
    axes.plot(value, place, "o", ms=4.5, color=canvas.BLUE)


def _name(axes: Axes, names: list[str]) -> None:
    """A row for each name, the first at the bottom."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)


def _finish(axes: Axes, label: str) -> None:
    axes.set_xlabel(label, fontsize=canvas.SMALL)
    axes.tick_params(labelsize=canvas.SMALL)
    axes.grid(axis="x", alpha=0.3)


FIGURES = {"printed": draw_printed, "leak": draw_leak, "saliency": draw_saliency}


def draw(folder: Path) -> None:
    """Write every figure as SVG."""
    for name, made in FIGURES.items():
        made(folder / f"biq2021-{name}.svg")


if __name__ == "__main__":
    draw(FOLDER)
