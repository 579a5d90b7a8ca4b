"""``iqabench ranks``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    emit_frame,
    exclude_shared_option,
    figure_option,
    store_option,
    table_options,
)


@click.command("ranks")
@click.argument("models", nargs=-1)
@click.option(
    "--train",
    metavar="NAME",
    help="Rank models trained on this set and tested on others [default: trained within each].",
)
@figure_option
@exclude_shared_option
@store_option
@table_options
def command(
    models: tuple[str, ...],
    train: str | None,
    figure: Path | None,
    exclude_shared: bool,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Rank MODELS, or all, over test sets: Friedman, Iman-Davenport and Nemenyi tests."""
    from iqabench import api
    from iqabench.report import diagram, tables

    found = api.ranks(models, train=train, store=store, exclude_shared=exclude_shared)
    emit_frame(found.table, form, output, tables.ranks_notes(found))
    if figure is not None:
        diagram.draw(found, figure)
        click.echo(f"figure: {figure}", err=True)
