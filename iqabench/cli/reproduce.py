"""``iqabench reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import iqabench
from iqabench.cli.options import (
    Device,
    Precision,
    catalog_option,
    device_options,
    emit,
    exclude_shared_option,
    is_full,
    names,
    session,
    store_option,
    table_options,
    training_options,
)
from iqabench.cli.spreading import spread_options

if TYPE_CHECKING:
    from iqabench import PlannedReproduction


@click.command("reproduce")
@click.argument("name")
@click.option(
    "--table", "number", type=int, metavar="N", help="Which table [default: the only one]."
)
@click.option(
    "--models",
    multiple=True,
    metavar="NAMES",
    help="Only the rows of these models, comma-separated; repeatable [default: all].",
)
@click.option("--datasets", metavar="SETS", help="Run on these instead of the table's sets.")
@exclude_shared_option
@click.option("--dry-run", is_flag=True, help="Print the jobs of each row and make none.")
@training_options
@device_options
@spread_options
@store_option
@catalog_option
@table_options
def command(
    name: str,
    number: int | None,
    models: tuple[str, ...],
    datasets: str | None,
    exclude_shared: bool,
    dry_run: bool,
    seeds: int | None,
    init: str,
    recipe: Literal["own", "common"],
    tiny: bool,
    saliency: str | None,
    quiet: bool,
    device: Device,
    precision: Precision,
    store: Path | None,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Measure a table of published results again, beside the printed numbers.

    NAME is a model, for the tables of its paper, or a data set, for results on it. Rows whose
    model or data are not at hand say so. Predictions of a paper's own model are drawn against the
    labels.
    """
    asked: dict[str, Any] = {
        "models": names(models),
        "datasets": datasets,
        "seeds": seeds,
        "choices": iqabench.Choices(init=init, saliency=saliency, tiny=tiny, recipe=recipe),
        "session": session(
            catalog=catalog, store=store, device=device, precision=precision, quiet=quiet
        ),
    }
    if dry_run:
        _print_plan(iqabench.plan_reproduction(name, number, **asked), form, output)
        return
    done = iqabench.reproduce(name, number, exclude_shared=exclude_shared, **asked)
    table, rows = done.table, done.rows
    if not is_full(form, output):
        rows = [_short(row) for row in rows]
    columns = list(dict.fromkeys(key for row in rows for key in row if key != "note"))
    click.echo(f"Table {table.number}. {table.title}", err=True)
    failed = any("failed" in row["note"] for row in rows)
    emit(rows, form, output, [*columns, "note"], [table.remark] if table.remark else [])
    if done.figure is not None:
        click.echo(f"figure: {done.figure}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


def _print_plan(found: PlannedReproduction, form: str | None, output: Path | None) -> None:
    click.echo(f"Table {found.table.number}. {found.table.title}", err=True)
    emit([vars(row) for row in found.rows], form, output)
    click.echo(found.total, err=True)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """The row with each number and its interval in one cell: ``+0.012 [-0.003, +0.027]``.

    Differences have a sign, other numbers have none.
    """
    found: dict[str, Any] = {}
    for key, value in row.items():
        low, high = row.get(f"{key} low"), row.get(f"{key} high")
        if low is not None and high is not None:
            known = value is not None and value == value
            sign = "+" if key.endswith("difference") else ""
            told = f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
            found[f"{key} [95%]"] = told if known else ""
        elif not key.endswith((" low", " high")):
            found[key] = value
    return found
