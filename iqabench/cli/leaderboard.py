"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    emit_frame,
    emit_leaderboard,
    exclude_shared_option,
    quiet_option,
    store_option,
    table_options,
    watcher,
)


@click.command("leaderboard")
@click.option(
    "--by",
    type=click.Choice(["distortion", "level", "band"]),
    help="Agreement within each distortion, level or quarter of quality instead.",
)
@exclude_shared_option
@store_option
@quiet_option
@table_options
def command(
    by: str | None,
    exclude_shared: bool,
    store: Path | None,
    quiet: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Print the leaderboard of a store; CSV, JSON and Parquet have every column."""
    from iqabench import api
    from iqabench.report import tables

    if by is None:
        results = api.Results(api.existing_store(store))
        emit_leaderboard(results, form, output, exclude_shared, watcher(quiet))
        return
    found = api.breakdown(by, store, exclude_shared=exclude_shared)
    emit_frame(found, form, output, tables.breakdown_notes(found))
