"""Reproduces a paper's table with the available models and data, beside the printed numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from iqabench.api.results import Results
from iqabench.api.running import run
from iqabench.api.session import Session, in_use
from iqabench.contract.cards import PaperRow, PaperTable
from iqabench.contract.errors import IqabenchError, MissingDependencyError, UsageError, WeightsError
from iqabench.protocols.requests import Choices, check_seeds
from iqabench.registry import load, require
from iqabench.report import leaderboard, scatter
from iqabench.report.evaluations import Group, groups
from iqabench.studies.cost import cost
from iqabench.studies.pairs import Difference, difference

AGREEMENT = {"srocc": "srocc", "plcc": "plcc", "rmse": "rmse_mapped"}
"""Printed metric -> metric of the leaderboard. Printed PLCC is assumed to be without a mapping."""


@dataclass(frozen=True)
class Reproduction:
    """A table measured again."""

    table: PaperTable
    rows: list[dict[str, Any]]
    """For each row the printed and the measured numbers, or the reason why it was not measured."""
    figure: Path | None
    """Predictions of the paper's own models against labels; None if none of their rows ran."""


@dataclass(frozen=True)
class _Measured:
    group: Group
    board: dict[str, Any]
    """The group's leaderboard row."""
    difference: Difference | None
    """SROCC minus that of the row's second model; None if the row has no second model."""


def tables(model: str, session: Session) -> tuple[PaperTable, ...]:
    """The tables of a model's paper.

    Raises:
        UsageError: the model's card names no tables.
    """
    card = session.registry.model(model)
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
    choices: Choices | None = None,
    session: Session | None = None,
) -> Reproduction:
    """Measure one of the tables of a model's paper again.

    Args:
        model: the model of the paper.
        number: the number of the table.
        datasets: data sets to use in place of the paper's; the rows then say so.
        seeds: repetitions; None takes the paper's number.
        choices: as for :func:`iqabench.run`.
        session: catalogue, store, device, precision and progress.

    Raises:
        UsageError: the paper has no such table.
    """
    session = in_use(session)
    check_seeds(seeds)
    known = tables(model, session)
    table = next((one for one in known if one.number == number), None)
    if table is None:
        raise UsageError(f"no table {number}", f"tables 1 to {len(known)}")
    rows = [_moved(row, datasets) for row in table.rows]
    absent = {row.label: _why_absent(row, session) for row in rows}
    costs = _costs(rows, choices, session) if table.cost else {}
    measured = _run(
        [row for row in rows if not absent[row.label] and row.datasets],
        seeds or table.seeds,
        choices,
        session,
        absent,
    )
    lines = [
        _line(row, absent[row.label], measured.get(row.label), costs.get(row.model), datasets)
        for row in rows
    ]
    figure = _draw(model, table, rows, measured, session, datasets)
    return Reproduction(table, lines, figure)


def _moved(row: PaperRow, datasets: str | None) -> PaperRow:
    return (
        row
        if datasets is None or not row.datasets
        else row.model_copy(update={"datasets": datasets})
    )


def _why_absent(row: PaperRow, session: Session) -> str:
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
    choices: Choices | None,
    session: Session,
    absent: dict[str, str],
) -> dict[str, _Measured]:
    """Label of a row -> its measurement, for each row that has pictures and whose models can run.

    ``absent`` gets the reason of each row whose weights are not available.
    """
    found = {}
    for row in rows:
        overrides = [f"a.{key}={value}" for key, value in row.options.items()]
        models = [f"a={row.model}", *([f"b={row.versus}"] if row.versus else [])]
        try:
            results = run(
                models,
                [row.datasets],
                seeds=seeds,
                set=overrides,
                choices=choices,
                session=session,
            )
        except (MissingDependencyError, WeightsError) as error:
            absent[row.label] = error.message
            continue
        part = _part(results, row.distortion)
        if part is None:
            continue
        board = leaderboard.row(part)
        pair = (
            difference(results.differences(), "a", "b", str(board["test"])) if row.versus else None
        )
        found[row.label] = _Measured(part, board, pair)
    return found


def _part(results: Results, distortion: str) -> Group | None:
    """The evaluations of model ``a`` on the pictures of one distortion; None without pictures.

    An empty ``distortion`` takes all pictures.
    """
    found = groups(results.store, results.evaluations)
    group = next((one for one in found if one.record.label == "a"), None)
    part = group and replace(group, distortion=distortion)
    return part if part is not None and len(part.table) else None


def _draw(
    model: str,
    table: PaperTable,
    rows: Sequence[PaperRow],
    measured: dict[str, _Measured],
    session: Session,
    moved: str | None,
) -> Path | None:
    """Draw scatter plots for the rows of the paper's own models; equal predictions appear once."""
    known = session.registry
    paper = known.model(model).reproductions
    panels: dict[str, Group] = {}
    for row in rows:
        if row.label not in measured or known.model(row.model).reproductions != paper:
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
    rows: Sequence[PaperRow], choices: Choices | None, session: Session
) -> dict[str, dict[str, Any]]:
    known = session.registry.models.cards
    models = [row.model for row in rows if row.model in known]
    return {row["model"]: row for row in cost(models, choices=choices, session=session)}


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
    """The measured mean, its difference from the printed number, and that difference's interval."""
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
