"""``iqabench compare``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    MappingName,
    datasets_option,
    emit_table,
    exclude_shared_option,
    mapping_option,
    names,
    quiet_option,
    session,
    store_option,
    table_options,
)
from iqabench.cli.within import within_option


@click.command("compare")
@click.argument("models", nargs=-1)
@click.option(
    "--test",
    type=click.Choice(list(iqabench.SIGNIFICANCE_TESTS)),
    default=iqabench.SIGNIFICANCE_TESTS[0],
    show_default=True,
    help="Only content-t and sign-flip know that images share contents.",
)
@datasets_option
@exclude_shared_option
@mapping_option
@within_option
@quiet_option
@store_option
@table_options
def command(
    models: tuple[str, ...],
    test: str,
    datasets: tuple[str, ...],
    exclude_shared: bool,
    mapping: MappingName,
    within: str,
    quiet: bool,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Test for every pair of MODELS (default: all) which one is better.

    Prints a matrix of verdicts and a sentence per pair; CSV and JSON have every number.
    """
    results = iqabench.Results(session(store=store, quiet=quiet))
    table = results.tables.compare(
        models, names(datasets), exclude_shared, test=test, mapping=mapping, within=within
    )
    emit_table(table, form, output)
