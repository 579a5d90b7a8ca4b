"""``iqabench datasets show``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import catalog_option, emit, session, writable


@click.command("show")
@click.argument("name")
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    metavar="FILE",
    callback=writable,
    help="Also draw the histogram, a PNG.",
)
@catalog_option
def command(name: str, figure: Path | None, catalog: Path | None) -> None:
    """Show what is known of the data set NAME; if its files are here, also its scores."""
    found = iqabench.describe_dataset(name, figure=figure, session=session(catalog=catalog))
    facts = {**found.facts, **found.found}
    emit([{"fact": key, "value": value} for key, value in facts.items()], None, None)
    if not found.found:
        click.echo("its files are not here")
    if found.levels:
        click.echo()
        emit(found.levels, None, None)
    if found.histogram:
        click.echo("\n" + "\n".join(found.histogram))
    if figure is not None:
        click.echo(f"wrote {figure}", err=True)
