"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit_frame, emit_leaderboard, store_option, table_options


@click.command("leaderboard")
@click.option(
    "--by",
    type=click.Choice(["distortion", "level"]),
    help="Agreement within each distortion or level instead.",
)
@store_option
@table_options
def command(by: str | None, store: Path | None, form: str | None, output: Path | None) -> None:
    """Print the leaderboard of a store; CSV and JSON have every column."""
    from iqabench import api
    from iqabench.report import tables

    if by is None:
        emit_leaderboard(api.leaderboard(store), form, output)
        return
    found = api.breakdown(by, store)
    emit_frame(found, form, output, tables.breakdown_notes(found))
