"""``iqabench doctor``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, table_options


@click.command("doctor")
@table_options
def command(form: str | None, output: Path | None) -> None:
    """Report versions, devices, caches, weights, and plugins that failed to load and why."""
    emit(iqabench.describe_machine(), form, output)
