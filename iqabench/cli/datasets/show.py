"""``iqabench datasets show``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import catalog_option, watcher, writable
from iqabench.contract.errors import UsageError
from iqabench.report.tables import render


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
    """Show what is known of the data set NAME, and its scores where its files are here."""
    from iqabench.catalog import Catalog
    from iqabench.data.tables import read
    from iqabench.registry import registry
    from iqabench.sets import describe

    known = Catalog(registry(), catalog)
    bound = known.get(name)
    if figure is not None and not bound.card.labelled:
        raise UsageError(f"data set '{bound.name}' has no scores to draw", "drop --figure")
    rows = [{"fact": key, "value": value} for key, value in describe.facts(bound).items()]
    if figure is None and not bound.is_there:
        click.echo(render(rows, "table"))
        click.echo("its files are not here")
        return
    with watcher(quiet=False).task(f"reading {bound.name}") as tick:
        dataset = read(known.ready(name), tick)
    rows += [{"fact": key, "value": value} for key, value in describe.counts(dataset).items()]
    click.echo(render(rows, "table"))
    if levels := describe.levels(dataset.table):
        click.echo("\n" + render(levels, "table"))
    if dataset.card.labelled:
        click.echo("\n" + "\n".join(describe.histogram(dataset)))
    if figure is not None:
        describe.draw(dataset, figure)
        click.echo(f"wrote {figure}", err=True)
