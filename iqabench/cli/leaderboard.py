"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit_leaderboard, store_option, table_options


@click.command("leaderboard")
@store_option
@table_options
def command(store: Path | None, form: str | None, output: Path | None) -> None:
    """Print the leaderboard of a store; CSV and JSON have every column."""
    from iqabench import api

    emit_leaderboard(api.leaderboard(store), form, output)
