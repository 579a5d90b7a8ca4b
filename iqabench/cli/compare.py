"""``iqabench compare``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    emit,
    exclude_shared_option,
    is_full,
    quiet_option,
    store_option,
    table_options,
    watcher,
)
from iqabench.stats.significance import DEFAULT, PROCEDURES


@click.command("compare")
@click.argument("models", nargs=-1)
@click.option(
    "--test",
    type=click.Choice(list(PROCEDURES)),
    default=DEFAULT,
    show_default=True,
    help="Only content-t and sign-flip know that images share contents.",
)
@click.option(
    "--datasets",
    multiple=True,
    metavar="SETS",
    help="Test sets, comma-separated; repeatable [default: all].",
)
@exclude_shared_option
@quiet_option
@store_option
@table_options
def command(
    models: tuple[str, ...],
    test: str,
    datasets: tuple[str, ...],
    exclude_shared: bool,
    quiet: bool,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Test which of two MODELS, of all by default, is better, and whether that is sure.

    Prints a matrix of verdicts and a sentence per pair; CSV and JSON have every number.
    """
    from iqabench import api
    from iqabench.report import compare, tables, verdicts

    found = api.compare(
        models,
        test=test,
        datasets=[name for names in datasets for name in names.split(",")],
        exclude_shared=exclude_shared,
        store=store,
        watch=watcher(quiet),
    )
    if is_full(form, output):
        emit(tables.records(found), form, output, list(compare.COLUMNS))
        return
    rows = verdicts.matrix(found)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    emit(rows, form, output, columns, [*found["sentence"], *tables.comparison_notes(found)])
