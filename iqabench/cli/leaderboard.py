"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit, store_option, table_options


@click.command("leaderboard")
@store_option
@table_options
def command(store: Path | None, form: str | None, output: Path | None) -> None:
    """Print the leaderboard of a store; CSV and JSON have every column."""
    from iqabench import api
    from iqabench.report import leaderboard, tables

    board = api.leaderboard(store)
    full = form in ("csv", "json") or (form is None and output is not None)
    rows = tables.records(board) if full else tables.short(board)
    columns = list(leaderboard.COLUMNS) if full else None
    emit(rows, form, output, columns, tables.notes(board))
