"""Reproduces a paper's table as far as models and data allow, beside the printed numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iqabench import api
from iqabench.contract.cards import PaperRow, PaperTable
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.engine.progress import Silent, Watcher
from iqabench.protocols.requests import check_seeds
from iqabench.registry import load, registry, require
from iqabench.report import leaderboard, scatter
from iqabench.report.evaluations import Group, groups
from iqabench.studies import cost
from iqabench.studies.pairs import Difference, difference

AGREEMENT = {"srocc": "srocc", "plcc": "plcc", "rmse": "rmse_mapped"}
"""Printed metric -> the leaderboard's. A paper's PLCC is taken as raw unless it says otherwise."""


@dataclass(frozen=True)
class Reproduction:
    """A table measured again."""

    table: PaperTable
    rows: list[dict[str, Any]]
    """For each row printed and measured numbers, or why there are none."""
    figure: Path | None
    """Predictions of the paper's own model against labels; None where none of its rows ran."""


@dataclass(frozen=True)
class _Measured:
    group: Group
    board: dict[str, Any]
    """Its leaderboard row."""
    difference: Difference | None
    """To the row's second model."""


def tables(model: str) -> tuple[PaperTable, ...]:
    """The tables of a model's paper.

    Raises:
        UsageError: its card names none.
    """
    card = registry().model(model)
    if card.reproductions is None:
        raise UsageError(f"no tables of '{model}' are known", "iqabench reproduce biosiqnet")
    found: tuple[PaperTable, ...] = load(card.reproductions)()
    return found


def reproduce(
    model: str,
    number: int,
    *,
    datasets: str | None = None,
    seeds: int | None = None,
    choices: api.Choices | None = None,
    store: Path | None = None,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> Reproduction:
    """Measure one of the tables of a model's paper again.

    Args:
        model: whose paper.
        number: which table.
        datasets: run on these instead of the paper's; such rows say so.
        seeds: repetitions; None takes the paper's.
        choices, store, catalog, watch: as of :func:`iqabench.run`.

    Raises:
        UsageError: the paper has no such table.
    """
    watch = watch or Silent()
    check_seeds(seeds)
    known = tables(model)
    table = next((one for one in known if one.number == number), None)
    if table is None:
        raise UsageError(f"no table {number}", f"tables 1 to {len(known)}")
    session = api.Session(catalog, watch)
    rows = [_moved(row, datasets) for row in table.rows]
    absent = {row.label: _why_absent(row, session) for row in rows}
    costs = _costs(table, rows, choices, watch) if table.cost else {}
    measured = _run(
        [row for row in rows if not absent[row.label] and row.datasets],
        seeds or table.seeds,
        choices,
        store,
        catalog,
        watch,
    )
    lines = [
        _line(row, absent[row.label], measured.get(row.label), costs.get(row.model), datasets)
        for row in rows
    ]
    figure = _draw(model, table, rows, measured, datasets)
    return Reproduction(table, lines, figure)


def _moved(row: PaperRow, datasets: str | None) -> PaperRow:
    return (
        row
        if datasets is None or not row.datasets
        else row.model_copy(update={"datasets": datasets})
    )


def _why_absent(row: PaperRow, session: api.Session) -> str:
    """Why a row cannot be run here; empty if it can."""
    if row.why_absent:
        return row.why_absent
    try:
        for name in filter(None, (row.model, row.versus)):
            require(session.registry.model(name))
        for name in row.datasets.replace(":", ",").split(","):
            if name:
                session.catalog.ready(name)
    except IqabenchError as error:
        return error.message
    return ""


def _run(
    rows: Sequence[PaperRow],
    seeds: int,
    choices: api.Choices | None,
    store: Path | None,
    catalog: Path | None,
    watch: Watcher,
) -> dict[str, _Measured]:
    """What was measured for each row that has pictures.

    A row whose weights cannot be had fails alone, like any job.
    """
    found = {}
    for row in rows:
        overrides = [f"a.{key}={value}" for key, value in row.options.items()]
        models = [f"a={row.model}", *([f"b={row.versus}"] if row.versus else [])]
        results = api.run(
            models,
            [row.datasets],
            seeds=seeds,
            set=overrides,
            choices=choices,
            store=store,
            catalog=catalog,
            watch=watch,
        )
        part = _part(results, row.distortion)
        if part is None:
            continue
        board = leaderboard.row(part)
        pair = (
            difference(results.differences(), "a", "b", str(board["test"])) if row.versus else None
        )
        found[row.label] = _Measured(part, board, pair)
    return found


def _part(results: api.Results, distortion: str) -> Group | None:
    """The evaluations of model ``a`` on pictures of one distortion; None if there are none."""
    found = groups(results.store, results.evaluations)
    group = next((one for one in found if one.keys["label"] == "a"), None)
    part = group and replace(group, distortion=distortion)
    return part if part is not None and len(part.table) else None


def _draw(
    model: str,
    table: PaperTable,
    rows: Sequence[PaperRow],
    measured: dict[str, _Measured],
    moved: str | None,
) -> Path | None:
    """Scatter of the rows of the paper's own models, each set of predictions once."""
    paper = registry().model(model).reproductions
    panels: dict[str, Group] = {}
    for row in rows:
        if row.label not in measured or registry().model(row.model).reproductions != paper:
            continue
        group = measured[row.label].group
        if group.identity not in {one.identity for one in panels.values()}:
            panels[row.label if moved is None else f"{row.label}: run on {moved}"] = group
    if not panels:
        return None
    root = next(iter(panels.values())).store.root
    path = root / "figures" / f"{model}-table{table.number}.png"
    scatter.draw(panels, path, f"{model}, table {table.number}")
    return path


def _costs(
    table: PaperTable, rows: Sequence[PaperRow], choices: api.Choices | None, watch: Watcher
) -> dict[str, dict[str, Any]]:
    known = registry().models.cards
    models = [row.model for row in rows if row.model in known]
    tiny = replace(choices or api.Choices(), saliency=None)
    return {row["model"]: row for row in cost.compare(models, choices=tiny, watch=watch)}


def _line(
    row: PaperRow,
    absent: str,
    measured: _Measured | None,
    costs: dict[str, Any] | None,
    moved: str | None,
) -> dict[str, Any]:
    line: dict[str, Any] = {"row": row.label}
    board = measured.board if measured is not None else {}
    pair = measured.difference if measured is not None else None
    for metric, printed in row.published.items():
        line[f"{metric} printed"] = printed
        if metric in AGREEMENT:
            line |= _agreement(metric, printed, board)
        elif costs is not None and metric in costs:
            line[f"{metric} here"] = costs[metric]
    if pair is not None:
        line |= {
            "srocc difference": pair.srocc,
            "srocc difference low": pair.low,
            "srocc difference high": pair.high,
        }
    if costs is not None and "minutes_per_epoch" in row.published:
        line["seconds_per_step here"] = costs["seconds_per_step"]
    line["note"] = _note(row, absent, board, moved if row.datasets else None)
    return line


def _agreement(metric: str, printed: float, board: dict[str, Any]) -> dict[str, Any]:
    """Measured mean, its difference from the printed number, and the difference's interval."""
    mean, low, high = (
        board.get(f"{AGREEMENT[metric]}_{part}", math.nan) for part in ("mean", "low", "high")
    )
    return {
        f"{metric} here": mean,
        f"{metric} difference": mean - printed,
        f"{metric} difference low": low - printed,
        f"{metric} difference high": high - printed,
    }


def _note(row: PaperRow, absent: str, board: dict[str, Any], moved: str | None) -> str:
    if absent:
        return f"absent: {absent}"
    if row.distortion and not board:
        return f"absent: {row.datasets} has no distortion '{row.distortion}'"
    notes = [f"run on {moved} instead: not comparable"] if moved else []
    if board and board["failed"]:
        notes.append(f"{board['failed']} of {board['repetitions']} repetitions failed")
    if board and board["init"] == "random":
        notes.append("from random weights")
    if board and board["labels"] == "proxy":
        notes.append("proxy labels")
    return "; ".join(notes)
