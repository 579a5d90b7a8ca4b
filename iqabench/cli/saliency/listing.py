"""``iqabench saliency list``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, table_options


@click.command("list")
@table_options
def command(form: str | None, output: Path | None) -> None:
    """List the saliency providers, their options, training data and licences."""
    emit(iqabench.list_providers(), form, output)
