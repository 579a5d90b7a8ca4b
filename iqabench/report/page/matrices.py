"""Tables whose cells are shaded by their numbers: across sets, by distortion, between models."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.contract.progress import Tick
from iqabench.report import breakdown, tables
from iqabench.report import compare as comparing
from iqabench.report.evaluations import Group
from iqabench.report.page.panels import Panel
from iqabench.report.tables import number_text
from iqabench.report.verdicts import BETTER, MARKS, TURNED, WORSE
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.stats.mapping import Mapping

WITHIN = "each set"
"""Stands for the training set if models were trained on a part of each test set."""


@dataclass(frozen=True)
class Cell:
    """An entry of a table: its text, small text below it, and its shade."""

    text: str
    detail: str = ""
    shade: float = 0.0
    """-1 (bad) to 1 (good)."""


@dataclass(frozen=True)
class Matrix:
    """A table; each place in it holds any number of entries, also none."""

    title: str
    test: str
    """The test set of the table; empty if the columns are test sets."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[Cell, ...], ...]], ...]
    """For each row the model, its training set, and the entries in each column."""


@dataclass(frozen=True)
class Comparison:
    """The results of the tests of which model is better."""

    matrices: tuple[Matrix, ...]
    sentences: tuple[tuple[str, str, str], ...]
    """For each pair both models' names, the test set, and a sentence that a paper can use."""
    notes: tuple[str, ...]
    """The method of the comparison, or the reason why there is none."""


def transfer(panels: Sequence[Panel]) -> Matrix:
    """SROCC on each test set, with a row for each model and training set.

    One row of a model holds its results within the sets, each trained on a part of the test set.
    A model that was also tested on other sets has a further row for each such training set.
    """
    rows = [panel.row for panel in panels]
    labels = {row["test"]: row["labels"] for row in rows}
    across = {(panel.row["model"], panel.row["train"]) for panel in panels if panel.group.across}
    entries: dict[tuple[str, str], dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        low, high = number_text(row["srocc_low"]), number_text(row["srocc_high"])
        detail = row["protocol"] + ("" if math.isnan(row["srocc_low"]) else f" [{low}, {high}]")
        cell = _cell(row["srocc_mean"], detail, tables.part_text(row))
        model, train, test = row["model"], row["train"], row["test"]
        if train == test:
            entries[model, WITHIN][test].append(cell)
        if train != test or (model, train) in across:
            entries[model, train][test].append(cell)
    order = list(dict.fromkeys(row["model"] for row in rows))
    return Matrix(
        "SROCC of each model, by training set, on each test set",
        "",
        tuple(
            name + (" (proxy labels)" if kind == "proxy" else "") for name, kind in labels.items()
        ),
        tuple(
            (model, train, tuple(tuple(cells[test]) for test in labels))
            for (model, train), cells in sorted(
                entries.items(), key=lambda item: (order.index(item[0][0]), item[0][1] != WITHIN)
            )
        ),
    )


def distortions(found: Iterable[Group]) -> list[Matrix]:
    """SROCC of each model within each distortion, for every test set that has distortions."""
    parts: dict[tuple[str, str], list[Group]] = defaultdict(list)
    for group in found:
        if "distortion" in group.table:
            parts[group.record.test, group.protocol].append(group)
    made = []
    for (test, protocol), inside in parts.items():
        columns = sorted({name for group in inside for name in group.table["distortion"].dropna()})
        rows = tuple((group.name, group.record.train, _by(group, columns)) for group in inside)
        made.append(Matrix(f"{test}, {protocol}", test, tuple(columns), rows))
    return made


def _by(group: Group, distortions: Iterable[str]) -> tuple[tuple[Cell, ...], ...]:
    found = {
        row["distortion"]: _cell(row["srocc"], "", tables.part_text(row))
        for row in breakdown.rows(group, "distortion")
    }
    return tuple((found[name],) if name in found else () for name in distortions)


def comparison(
    store: Store,
    only: Iterable[str] | None,
    exclude_shared: bool,
    tick: Tick,
    mapping: Mapping = "logistic4",
    within: str = "",
) -> Comparison:
    """Compare every pair of models tested alike; one matrix for each such family of models."""
    try:
        found = comparing.compare(store, None, only, exclude_shared, tick, mapping, within)
    except UsageError as error:
        return Comparison((), (), (f"{error.message}.",))
    rows = tables.records(found)
    return Comparison(
        tuple(_wins(tables.records(part)) for _, part in found.groupby("family", sort=False)),
        tuple((f"{row['a']} {row['b']}", row["test"], row["sentence"]) for row in rows),
        tuple(comparing.notes(found)),
    )


def _wins(rows: list[dict[str, Any]]) -> Matrix:
    """The verdicts of one family, each pair once; models are in the order of their SROCC."""
    cells: dict[tuple[str, str], Cell] = {}
    lead: dict[str, float] = defaultdict(float)
    for row in rows:
        a, b, found, difference = row["a"], row["b"], row["verdict"], row["difference"]
        evidence = row["p_holm"], tables.part_text(row)
        cells[a, b] = _verdict(found, difference, *evidence)
        cells[b, a] = _verdict(TURNED.get(found, found), -difference, *evidence)
        step = 0.0 if math.isnan(difference) else difference
        lead[a] += step
        lead[b] -= step
    names = sorted(lead, key=lambda name: -lead[name])
    return Matrix(
        f"{rows[0]['test']}, {rows[0]['protocol']}",
        rows[0]["test"],
        tuple(names[1:]),
        tuple(
            (a, "-", tuple((cells[a, b],) if place <= at else () for at, b in enumerate(names[1:])))
            for place, a in enumerate(names[:-1])
        ),
    )


def _verdict(found: str, difference: float, p: float, part: str) -> Cell:
    if math.isnan(difference):
        return Cell(MARKS[found], part)
    chance = "" if math.isnan(p) else "p < 0.001" if p < 0.001 else f"p {p:.3f}"
    words = "\n".join(filter(None, [f"{difference:+.3f}", chance, part]))
    shade = {BETTER: 1.0, WORSE: -1.0}.get(found, 0.0)
    return Cell(MARKS[found], words, shade)


def _cell(value: float, detail: str, part: str) -> Cell:
    """The cell of an SROCC; ``part`` tells of how many pictures it is if these are not all."""
    # The shade is the square, so that high correlations have visibly different shades.
    shade = 0.0 if math.isnan(value) else round(value * abs(value), 3)
    text = number_text(value) + tables.PARTIAL * bool(part)
    return Cell(text, "\n".join(filter(None, [detail, part])), shade)
