"""``iqabench results list``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    datasets_option,
    emit_table,
    models_option,
    names,
    session,
    store_option,
    table_options,
)


@click.command("list")
@models_option
@datasets_option
@store_option
@table_options
def command(
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """List what a store holds: models, test sets, jobs with their short IDs, sizes."""
    found = iqabench.list_results(names(models), names(datasets), session=session(store=store))
    emit_table(found, form, output)
