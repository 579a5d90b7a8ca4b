"""Reproduces a paper's table as far as models and data allow, beside the printed numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from iqabench import api
from iqabench.contract.cards import PaperRow, PaperTable
from iqabench.contract.errors import IqabenchError, UsageError
from iqabench.engine.progress import Silent, Watcher
from iqabench.registry import load, registry, require
from iqabench.studies import cost
from iqabench.studies.pairs import Difference, difference

AGREEMENT = {"srocc": "srocc", "plcc": "plcc", "rmse": "rmse_mapped"}
"""Printed metric -> the leaderboard's. A paper's PLCC is taken as raw unless it says otherwise."""


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
) -> tuple[PaperTable, list[dict[str, Any]]]:
    """The table and, for each of its rows, printed and measured numbers or why there are none.

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
    if seeds is not None and seeds < 1:
        raise UsageError(f"--seeds {seeds} asks for no repetition", "give 1 or more")
    known = tables(model)
    table = next((one for one in known if one.number == number), None)
    if table is None:
        raise UsageError(f"no table {number}", f"tables 1 to {len(known)}")
    session = api.Session(catalog, watch)
    rows = [_moved(row, datasets) for row in table.rows]
    absent = {row.label: _why_absent(row, session) for row in rows}
    costs = _costs(table, rows, choices, watch) if table.cost else {}
    boards = _run(
        [row for row in rows if not absent[row.label] and row.datasets],
        seeds or table.seeds,
        choices,
        store,
        catalog,
        watch,
    )
    return table, [
        _line(row, absent[row.label], boards.get(row.label), costs.get(row.model), datasets)
        for row in rows
    ]


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
) -> dict[str, tuple[dict[str, Any], Difference | None]]:
    """For each row its leaderboard row, and its difference to ``versus`` where it names one.

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
        board = results.leaderboard().set_index("model").loc["a"]
        pair = (
            difference(results.differences(), "a", "b", str(board["test"])) if row.versus else None
        )
        found[row.label] = ({str(key): value for key, value in board.items()}, pair)
    return found


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
    measured: tuple[dict[str, Any], Difference | None] | None,
    costs: dict[str, Any] | None,
    moved: str | None,
) -> dict[str, Any]:
    line: dict[str, Any] = {"row": row.label}
    board, pair = measured or ({}, None)
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
    line["note"] = _note(absent, board, moved if row.datasets else None)
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


def _note(absent: str, board: dict[str, Any], moved: str | None) -> str:
    if absent:
        return f"absent: {absent}"
    notes = [f"run on {moved} instead: not comparable"] if moved else []
    if board and board["failed"]:
        notes.append(f"{board['failed']} of {board['repetitions']} repetitions failed")
    if board and board["init"] == "random":
        notes.append("from random weights")
    if board and board["labels"] == "proxy":
        notes.append("proxy labels")
    return "; ".join(notes)
