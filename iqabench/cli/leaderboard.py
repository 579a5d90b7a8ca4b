"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import (
    MappingName,
    chosen,
    emit_table,
    exclude_shared_option,
    mapping_option,
    quiet_option,
    session,
    store_option,
    table_options,
)


@click.command("leaderboard")
@click.option(
    "--by",
    type=click.Choice(["distortion", "level", "band"]),
    help="Agreement within each distortion, level or quarter of quality instead.",
)
@exclude_shared_option
@mapping_option
@store_option
@quiet_option
@table_options
def command(
    by: Literal["distortion", "level", "band"] | None,
    exclude_shared: bool,
    mapping: MappingName,
    store: Path | None,
    quiet: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Print the leaderboard of a store; CSV, JSON and Parquet have every column."""
    tables = iqabench.Results(session(store=store, quiet=quiet)).tables
    table = (
        tables.leaderboard(
            exclude_shared=exclude_shared, form=chosen(form, output), mapping=mapping
        )
        if by is None
        else tables.breakdown(by, exclude_shared=exclude_shared, mapping=mapping)
    )
    emit_table(table, form, output)
