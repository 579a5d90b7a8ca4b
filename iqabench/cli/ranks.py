"""``iqabench ranks``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.figure_file import figure_option
from iqabench.cli.options import (
    emit_table,
    exclude_shared_option,
    session,
    store_option,
    table_options,
)
from iqabench.cli.within import within_option


@click.command("ranks")
@click.argument("models", nargs=-1)
@click.option(
    "--train",
    metavar="NAME",
    help="Rank models trained on this set and tested on others [default: trained within each].",
)
@figure_option
@exclude_shared_option
@within_option
@store_option
@table_options
def command(
    models: tuple[str, ...],
    train: str | None,
    figure: Path | None,
    exclude_shared: bool,
    within: str,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Rank MODELS, or all, over test sets: Friedman, Iman-Davenport and Nemenyi tests."""
    results = iqabench.Results(session(store=store, quiet=True))
    table = results.tables.ranks(models, (), exclude_shared, train=train, within=within)
    emit_table(table, form, output)
    if figure is not None:
        results.draw_ranks(figure, models, (), exclude_shared, train=train, within=within)
        click.echo(f"figure: {figure}", err=True)
