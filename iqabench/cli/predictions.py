"""``iqabench predictions``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit_table, quiet_option, session, store_option, table_options


@click.command("predictions")
@click.option(
    "--model", "models", multiple=True, metavar="LABEL", help="Of these models only; repeatable."
)
@click.option(
    "--dataset", "datasets", multiple=True, metavar="NAME", help="On these sets only; repeatable."
)
@store_option
@quiet_option
@table_options
def command(
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    store: Path | None,
    quiet: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Print or write every stored prediction beside its picture's label."""
    results = iqabench.Results(session(store=store, quiet=quiet))
    emit_table(results.tables.predictions(models, datasets), form, output)
