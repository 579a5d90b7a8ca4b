"""``iqabench models``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, table_options


@click.command("models")
@click.argument("name", required=False)
@table_options
def command(name: str | None, form: str | None, output: Path | None) -> None:
    """List the models, or show the card and options of one."""
    rows = iqabench.list_models() if name is None else iqabench.describe_model(name)
    emit(rows, form, output)
