"""``iqabench datasets verify``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import catalog_option, emit, quiet_option, session, table_options
from iqabench.report.tables import visible


@click.command("verify")
@click.argument("name")
@quiet_option
@catalog_option
@table_options
def command(
    name: str, quiet: bool, catalog: Path | None, form: str | None, output: Path | None
) -> None:
    """Check every file and label of the data set NAME; one row per problem.

    Every file is read; pictures decoded before are not decoded again. Exit code 1 where there are
    problems.
    """
    found = iqabench.verify_dataset(name, session=session(catalog=catalog, quiet=quiet))
    rows = [vars(problem) for problem in found.problems]
    if rows or form is not None or output is not None:
        emit(rows, form, output, ["problem", "file", "detail"])
    if found.note:
        click.echo(visible(f"beside the pictures: {found.note}"), err=True)
    click.echo(
        f"{found.name}: {found.pictures} pictures, {found.remembered} of them decoded before; "
        f"{len(rows) or 'no'} problems",
        err=True,
    )
    if rows:
        raise click.exceptions.Exit(1)
