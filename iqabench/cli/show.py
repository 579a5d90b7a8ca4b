"""``iqabench show``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

import iqabench
from iqabench.cli.figure_file import drawable
from iqabench.cli.options import chosen, emit, put, session, store_option, table_options
from iqabench.contract.errors import UsageError
from iqabench.report.tables import visible

if TYPE_CHECKING:
    from iqabench import DescribedJob

MOST_EPOCHS = 20
"""Rows of the table of epochs."""


@click.command("show")
@click.argument("job", required=False)
@click.option(
    "--plot",
    is_flag=True,
    is_eager=True,
    help="Draw losses and validation SROCC by epoch into the file that -o names: PNG, PDF, SVG.",
)
@store_option
@table_options
def command(
    job: str | None, plot: bool, store: Path | None, form: str | None, output: Path | None
) -> None:
    """Show what JOB did and how it ended; its name may be shortened. Without JOB, list all jobs.

    `--format json` prints all that is recorded.
    """
    used = session(store=store)
    if job is None:
        if plot:
            raise UsageError("--plot draws one job", "iqabench show JOB --plot -o curves.png")
        emit([vars(one) for one in iqabench.list_jobs(session=used)], form, output)
        return
    if plot:
        if output is None:
            raise UsageError("--plot writes a file", "name it with -o, such as -o curves.png")
        iqabench.draw_job(job, drawable(output), session=used)
        click.echo(f"wrote {output}", err=True)
        return
    found = iqabench.describe_job(job, session=used)
    if chosen(form, output) == "json":
        put(json.dumps(found.record, indent=2, ensure_ascii=False), output)
        return
    emit([{"fact": name, "value": value} for name, value in found.facts.items()], form, output)
    if chosen(form, output) == "table":
        _print_more(found)


def _print_more(found: DescribedJob) -> None:
    """Print the last epochs and the traceback, if there are any."""
    if found.epochs:
        before = len(found.epochs) - MOST_EPOCHS
        notes = [f"{before} earlier epochs are not shown; --plot draws all"] if before > 0 else []
        click.echo()
        emit(found.epochs[-MOST_EPOCHS:], None, None, notes=notes)
    if found.traceback:
        click.echo("\n" + visible(found.traceback.rstrip(), keep="\n\t"))
