"""``iqabench predictions``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit_frame, quiet_option, store_option, table_options, watcher


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
    from iqabench import api

    found = api.predictions(models, datasets, store=store, watch=watcher(quiet))
    emit_frame(found, form, output, [])
