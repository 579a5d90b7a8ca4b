"""``iqabench leaderboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import (
    MappingName,
    catalog_option,
    chosen,
    datasets_option,
    emit_table,
    exclude_shared_option,
    mapping_option,
    models_option,
    names,
    quiet_option,
    session,
    store_option,
    table_options,
)
from iqabench.cli.within import within_option
from iqabench.contract.errors import UsageError


@click.command("leaderboard")
@click.option(
    "--by",
    type=click.Choice(["distortion", "level", "band"]),
    help="Agreement within each distortion, level or quarter of quality instead.",
)
@models_option
@datasets_option
@click.option(
    "--sort",
    metavar="COLUMN",
    help="Sort the rows of each test set and protocol by a column, the best first "
    "[default: srocc].",
)
@click.option("--failed", is_flag=True, help="Only rows with failed repetitions.")
@exclude_shared_option
@mapping_option
@within_option
@store_option
@catalog_option
@quiet_option
@table_options
def command(
    by: Literal["distortion", "level", "band"] | None,
    models: tuple[str, ...],
    datasets: tuple[str, ...],
    sort: str | None,
    failed: bool,
    exclude_shared: bool,
    mapping: MappingName,
    within: str,
    store: Path | None,
    catalog: Path | None,
    quiet: bool,
    form: str | None,
    output: Path | None,
) -> None:
    """Print the leaderboard of a store; CSV, JSON and Parquet have every column."""
    tables = iqabench.Results(session(store=store, catalog=catalog, quiet=quiet)).tables
    which = names(models), names(datasets), exclude_shared
    if by is not None:
        if sort is not None or failed:
            raise UsageError("--by goes with neither --sort nor --failed", "drop one of them")
        if within:
            raise UsageError("--by shows each group, --within their mean", "drop one of them")
        emit_table(tables.breakdown(by, *which, mapping=mapping), form, output)
        return
    form_of = chosen(form, output)
    table = tables.leaderboard(
        *which,
        form=form_of,
        sort=sort or "srocc",
        failed=failed,
        mapping=mapping,
        within=within,
    )
    emit_table(table, form, output)
