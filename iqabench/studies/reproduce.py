"""Reproduces a paper's table with the available models and data, beside the printed numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from iqabench.api.results import Results
from iqabench.api.running import plan, planned, run
from iqabench.api.session import Session, in_use
from iqabench.contract.cards import PaperRow, PaperTable
from iqabench.contract.errors import IqabenchError, MissingDependencyError, UsageError, WeightsError
from iqabench.protocols.requests import Choices, check_seeds
from iqabench.registry import load, require
from iqabench.report import leaderboard, scatter
from iqabench.report.evaluations import Group, groups
from iqabench.studies import printed
from iqabench.studies.cost import cost
from iqabench.studies.pairs import difference
from iqabench.studies.printed import Measured


@dataclass(frozen=True)
class Reproduction:
    """A table measured again."""

    table: PaperTable
    rows: list[dict[str, Any]]
    """For each row the printed and the measured numbers, or the reason why it was not measured."""
    figure: Path | None
    """Predictions of the paper's own models against labels; None if none of their rows ran."""


@dataclass(frozen=True)
class PlannedRow:
    """A row of a table before it is measured."""

    row: str
    datasets: str
    jobs: int
    """Jobs that no earlier row needs."""
    done: int
    """Of these, how many the store holds."""
    images: int
    """Pictures in the jobs that are to be made."""
    estimate: float | None
    """Expected seconds of the jobs to be made of whose kind the store holds one; None without any.
    """
    unknown: int
    """Jobs to be made of which no time is known."""
    note: str
    """Why the row cannot be measured; empty if it can."""


@dataclass(frozen=True)
class PlannedReproduction:
    """The jobs that a table needs."""

    table: PaperTable
    rows: list[PlannedRow]

    @property
    def total(self) -> str:
        """The jobs of all rows and the time that they are expected to take, in one sentence."""
        left = sum(row.jobs - row.done for row in self.rows)
        unknown = sum(row.unknown for row in self.rows)
        seconds = round(sum(row.estimate or 0.0 for row in self.rows))
        times = [
            f"about {timedelta(seconds=seconds)}" if left > unknown else "",
            f"{unknown} of unknown time" if unknown else "",
        ]
        told = " and ".join(filter(None, times))
        done = sum(row.done for row in self.rows)
        return f"{left} jobs to make, {done} done" + f"; {told}" * bool(told)


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
    table, rows, absent, runnable = _asked(model, number, datasets, seeds, session)
    if runnable:
        ahead = _planned(runnable, seeds or table.seeds, choices, session)
        session.watch.say(PlannedReproduction(table, ahead).total)
    costs = _costs(rows, choices, session) if table.cost else {}
    measured = _run(runnable, seeds or table.seeds, choices, session, absent)
    lines = [
        printed.line(row, absent[row.label], measured, costs.get(row.model), datasets)
        for row in rows
    ]
    figure = _draw(model, table, rows, measured, session, datasets)
    return Reproduction(table, lines, figure)


def plan_reproduction(
    model: str,
    number: int,
    *,
    datasets: str | None = None,
    seeds: int | None = None,
    choices: Choices | None = None,
    session: Session | None = None,
) -> PlannedReproduction:
    """The jobs that :func:`reproduce` would make, row by row; arguments as for it.

    Raises:
        UsageError: the paper has no such table.
    """
    session = in_use(session)
    table, rows, absent, runnable = _asked(model, number, datasets, seeds, session)
    found = {one.row: one for one in _planned(runnable, seeds or table.seeds, choices, session)}
    lines = [
        found.get(row.label)
        or PlannedRow(row.label, row.datasets, 0, 0, 0, None, 0, absent[row.label] or "no data set")
        for row in rows
    ]
    return PlannedReproduction(table, lines)


def _asked(
    model: str, number: int, datasets: str | None, seeds: int | None, session: Session
) -> tuple[PaperTable, list[PaperRow], dict[str, str], list[PaperRow]]:
    """The table, its rows, why each of them is absent (empty if not), and those that can be run."""
    check_seeds(seeds)
    known = tables(model, session)
    table = next((one for one in known if one.number == number), None)
    if table is None:
        raise UsageError(f"no table {number}", f"tables 1 to {len(known)}")
    rows = [_moved(row, datasets) for row in table.rows]
    absent = {row.label: _why_absent(row, session) for row in rows}
    return table, rows, absent, [row for row in rows if not absent[row.label] and row.datasets]


def _planned(
    rows: Sequence[PaperRow], seeds: int, choices: Choices | None, session: Session
) -> list[PlannedRow]:
    counted: set[str] = set()
    found = []
    for row in rows:
        made = plan(session=session, choices=choices, **_arguments(row, seeds))
        jobs = [job for job in planned(made, session=session) if job.job not in counted]
        counted |= {job.job for job in jobs}
        left = [job for job in jobs if job.state != "done"]
        known = [job.estimate for job in left if job.estimate is not None]
        found.append(
            PlannedRow(
                row.label,
                row.datasets,
                len(jobs),
                len(jobs) - len(left),
                sum(job.images for job in left),
                sum(known) if known or not left else None,
                len(left) - len(known),
                "; ".join(made.skipped),
            )
        )
    return found


def _arguments(row: PaperRow, seeds: int) -> dict[str, Any]:
    """What :func:`iqabench.run` and :func:`iqabench.plan` are asked for a row."""
    return {
        "models": [f"a={row.model}", *([f"b={row.versus}"] if row.versus else [])],
        "datasets": [row.datasets],
        "seeds": seeds,
        "set": [f"a.{key}={value}" for key, value in row.options.items()],
    }


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
) -> dict[str, Measured]:
    """Label of a row -> its measurement, for each row that has pictures and whose models can run.

    ``absent`` gets the reason of each row whose weights are not available.
    """
    found = {}
    for row in rows:
        try:
            results = run(session=session, choices=choices, **_arguments(row, seeds))
        except (MissingDependencyError, WeightsError) as error:
            absent[row.label] = error.message
            continue
        part = _part(results, "a", row.distortion)
        if part is None:
            continue
        board = leaderboard.row(part)
        other = _part(results, "b", row.distortion) if row.versus else None
        pair = (
            difference(results.differences(), "a", "b", str(board["test"])) if row.versus else None
        )
        found[row.label] = Measured(part, board, other, pair)
    return found


def _part(results: Results, label: str, distortion: str) -> Group | None:
    """The evaluations of a model on the pictures of one distortion; None without pictures.

    An empty ``distortion`` takes all pictures.
    """
    found = [one for one in groups(results.store, results.evaluations) if one.record.label == label]
    # A model that is not fitted here has a row on all pictures, too; papers test parts.
    found.sort(key=lambda one: one.record.protocol.kind == "all")
    group = next(iter(found), None)
    part = group and replace(group, distortion=distortion)
    return part if part is not None and len(part.table) else None


def _draw(
    model: str,
    table: PaperTable,
    rows: Sequence[PaperRow],
    measured: dict[str, Measured],
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
