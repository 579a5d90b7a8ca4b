"""``iqabench datasets verify``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import catalog_option, emit, quiet_option, table_options, watcher


@click.command("verify")
@click.argument("name")
@quiet_option
@catalog_option
@table_options
def command(
    name: str, quiet: bool, catalog: Path | None, form: str | None, output: Path | None
) -> None:
    """Check every file and label of the data set NAME; one row per problem.

    Pictures decoded before are not decoded again. Exit code 1 where there are problems.
    """
    from iqabench.catalog import Catalog
    from iqabench.registry import registry
    from iqabench.sets.verify import verify

    bound = Catalog(registry(), catalog).ready(name)
    with watcher(quiet).task(f"verifying {bound.name}") as tick:
        found = verify(bound, tick)
    rows = [vars(problem) for problem in found.problems]
    if rows or form is not None or output is not None:
        emit(rows, form, output, ["problem", "file", "detail"])
    click.echo(
        f"{bound.name}: {found.pictures} pictures, {found.remembered} of them decoded before; "
        f"{len(rows) or 'no'} problems",
        err=True,
    )
    if rows:
        raise click.exceptions.Exit(1)
