"""Measures a table of published results with the available models and data.

The table is one of a model's paper, or one of results on a data set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from iqabench.api.results import Results
from iqabench.api.running import plan, planned, run
from iqabench.api.session import Session, in_use, listed
from iqabench.contract.cards import DatasetCard, ModelCard, PaperRow, PaperTable
from iqabench.contract.errors import (
    IqabenchError,
    MissingDependencyError,
    UnknownNameError,
    UsageError,
    WeightsError,
)
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import check_seeds
from iqabench.registry import load, require
from iqabench.report import leaderboard, scatter
from iqabench.report.evaluations import Group, groups
from iqabench.studies import printed
from iqabench.studies.cost import cost
from iqabench.studies.grouped import by_distortion, without_shared
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
    """The published table."""
    rows: list[PlannedRow]
    """Its rows, with the numbers of their jobs and the time that these are expected to take."""

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


def tables(name: str, session: Session) -> tuple[PaperTable, ...]:
    """The tables of a model's paper, or of results on a data set.

    Raises:
        UnknownNameError: there is no such model or data set.
        UsageError: its card names no tables.
    """
    found: tuple[PaperTable, ...] = load(_source(name, session))()
    return found


def _source(name: str, session: Session) -> str:
    """The function that gives the tables of a model or of a data set."""
    known = session.registry
    try:
        card: ModelCard | DatasetCard = known.model(name)
    except UnknownNameError as error:
        try:
            card = session.catalog.get(name).card
        except UnknownNameError:
            raise error from None
    if card.reproductions is None:
        cards: list[ModelCard | DatasetCard] = [*known.models.cards.values()]
        cards += known.datasets.cards.values()
        having = dict.fromkeys(one.name for one in cards if one.reproductions is not None)
        raise UsageError(f"no tables of '{name}' are known", f"there are: {', '.join(having)}")
    return card.reproductions


def reproduce(
    name: str,
    number: int | None = None,
    *,
    models: str | Sequence[str] = (),
    datasets: str | None = None,
    seeds: int | None = None,
    exclude_shared: bool = False,
    choices: Choices | None = None,
    session: Session | None = None,
) -> Reproduction:
    """Measure a table of a model's paper, or of published results on a data set.

    Args:
        name: the model or the data set.
        number: the number of the table; None takes the only one.
        models: takes only the rows of these registered models; if empty, all rows.
        datasets: data sets to use in place of the table's; the rows then say so.
        seeds: repetitions; None takes the table's number.
        exclude_shared: whether to leave out contents that a model has seen.
        choices: as for :func:`iqabench.run`.
        session: catalogue, store, device, precision and progress.

    Raises:
        UnknownNameError: there is no such model or data set, or no row of one of the models.
        UsageError: there is no such table.
    """
    session = in_use(session)
    asked = _asked(name, number, listed(models), datasets, seeds, session)
    table, rows, absent = asked.table, asked.rows, asked.absent
    if asked.runnable:
        session.watch.say(PlannedReproduction(table, _planned(asked, choices, session)).total)
    costs = _costs(rows, choices, session) if table.cost else {}
    measured = _run(asked, choices, session, exclude_shared)
    lines = [
        printed.line(row, absent[row.label], measured, costs.get(row.model), datasets)
        for row in rows
    ]
    if exclude_shared:
        _name_whole(lines, measured)
    figure = _draw(name, table, rows, measured, session, datasets)
    return Reproduction(table, lines, figure)


def _name_whole(lines: Sequence[dict[str, Any]], measured: Mapping[str, Measured]) -> None:
    """Say of each row from which nothing could be left out that it is of all pictures."""
    for line in lines:
        own = measured.get(line["row"])
        if own is not None and not own.group.exclude_shared:
            more = "of all pictures: no row of a model fitted here tells the shared contents"
            line["note"] = "; ".join(filter(None, [line["note"], more]))


def plan_reproduction(
    name: str,
    number: int | None = None,
    *,
    models: str | Sequence[str] = (),
    datasets: str | None = None,
    seeds: int | None = None,
    choices: Choices | None = None,
    session: Session | None = None,
) -> PlannedReproduction:
    """The jobs that :func:`reproduce` would make, row by row; arguments and errors as for it."""
    session = in_use(session)
    asked = _asked(name, number, listed(models), datasets, seeds, session)
    found = {one.row: one for one in _planned(asked, choices, session)}
    absent = asked.absent
    lines = [
        found.get(row.label)
        or PlannedRow(row.label, row.datasets, 0, 0, 0, None, 0, absent[row.label] or "no data set")
        for row in asked.rows
    ]
    return PlannedReproduction(asked.table, lines)


@dataclass(frozen=True)
class _Asked:
    """A table and what is to be measured of it."""

    table: PaperTable
    rows: list[PaperRow]
    absent: dict[str, str]
    """Label of a row -> why it cannot be measured; empty if it can."""
    seeds: int

    @property
    def runnable(self) -> list[PaperRow]:
        """The rows that can be run."""
        return [row for row in self.rows if not self.absent[row.label] and row.datasets]

    def arguments(self, row: PaperRow, choices: Choices | None) -> dict[str, Any]:
        """What :func:`iqabench.run` and :func:`iqabench.plan` are asked for a row."""
        return {
            "models": [f"{_label(row)}={row.model}", *([f"b={row.versus}"] if row.versus else [])],
            "datasets": [row.datasets],
            "seeds": self.seeds,
            "split": self.table.split,
            "set": [f"{_label(row)}.{key}={value}" for key, value in row.options.items()],
            "choices": replace(choices or Choices(), weights=row.weights),
        }


def _label(row: PaperRow) -> str:
    """The label of a row's model: its name, under which other reports show it, if that can be."""
    return "a" if row.options or row.versus else row.model


def _asked(
    name: str,
    number: int | None,
    models: Sequence[str],
    datasets: str | None,
    seeds: int | None,
    session: Session,
) -> _Asked:
    check_seeds(seeds)
    known = tables(name, session)
    number = known[0].number if number is None and len(known) == 1 else number
    table = next((one for one in known if one.number == number), None)
    if table is None:
        what = "no table is named" if number is None else f"no table {number}"
        raise UsageError(what, f"tables 1 to {len(known)}: --table 1")
    having = dict.fromkeys(row.model for row in table.rows if row.model)
    for model in models:
        if model not in having:
            raise UnknownNameError(f"model of table {table.number}", model, having)
    chosen = [row for row in table.rows if not models or row.model in models]
    rows = [_moved(row, datasets) for row in chosen]
    absent = {row.label: _why_absent(row, session) for row in rows}
    return _Asked(table, rows, absent, seeds or table.seeds)


def _planned(asked: _Asked, choices: Choices | None, session: Session) -> list[PlannedRow]:
    counted: set[str] = set()
    found = []
    for row in asked.runnable:
        made = plan(session=session, **asked.arguments(row, choices))
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
    asked: _Asked, choices: Choices | None, session: Session, exclude_shared: bool
) -> dict[str, Measured]:
    """Label of a row -> its measurement, for each row that has pictures and whose models can run.

    ``asked.absent`` gets the reason of each row whose weights are not available.
    """
    ran: dict[str, tuple[PaperRow, Results]] = {}
    for row in asked.runnable:
        try:
            ran[row.label] = row, run(session=session, **asked.arguments(row, choices))
        except (MissingDependencyError, WeightsError) as error:
            asked.absent[row.label] = error.message
    parts = {label: _part(made, _label(row), row.distortion) for label, (row, made) in ran.items()}
    if exclude_shared:
        parts = without_shared(parts)
    found = {}
    for label, (row, results) in ran.items():
        part = parts[label]
        if part is None:
            continue
        other = _part(results, "b", row.distortion) if row.versus else None
        test = part.record.test
        pair = difference(results.differences(), "a", "b", test) if row.versus else None
        grouped = by_distortion(part) if asked.table.by_distortion else {}
        found[label] = Measured(part, leaderboard.row(part), other, pair, grouped)
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
    name: str,
    table: PaperTable,
    rows: Sequence[PaperRow],
    measured: dict[str, Measured],
    session: Session,
    moved: str | None,
) -> Path | None:
    """Draw scatter plots for the rows of the paper's own models; equal predictions appear once."""
    known, paper = session.registry, _source(name, session)
    panels: dict[str, Group] = {}
    for row in rows:
        if row.label not in measured or known.model(row.model).reproductions != paper:
            continue
        group = measured[row.label].group
        shown = {(one.predictions_of, one.distortion) for one in panels.values()}
        if (group.predictions_of, group.distortion) not in shown:
            panels[row.label if moved is None else f"{row.label}: run on {moved}"] = group
    if not panels:
        return None
    root = next(iter(panels.values())).store.root
    path = root / "figures" / f"{name}-table{table.number}.png"
    scatter.draw(panels, path, f"{name}, table {table.number}")
    return path


def _costs(
    rows: Sequence[PaperRow], choices: Choices | None, session: Session
) -> dict[str, dict[str, Any]]:
    known = session.registry.models.cards
    models = [row.model for row in rows if row.model in known]
    return {row["model"]: row for row in cost(models, choices=choices, session=session)}
