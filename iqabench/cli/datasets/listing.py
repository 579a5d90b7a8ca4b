"""``iqabench datasets list``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import catalog_option, emit, session, table_options


@click.command("list")
@catalog_option
@table_options
def command(catalog: Path | None, form: str | None, output: Path | None) -> None:
    """List the data sets and where their files are sought."""
    emit(iqabench.list_datasets(session=session(catalog=catalog)), form, output)
