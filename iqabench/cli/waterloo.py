"""``iqabench waterloo``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    catalog_option,
    emit_table,
    session,
    store_option,
    table_options,
)


@click.command("waterloo")
@click.argument("models", nargs=-1)
@click.option("--dataset", required=True, metavar="NAME", help="The set they were run on.")
@click.option(
    "--margin",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    metavar="SHARE",
    help="Pairs of the P-test differ by more than this share of the labels' range.",
)
@store_option
@catalog_option
@table_options
def command(
    models: tuple[str, ...],
    dataset: str,
    margin: float,
    store: Path | None,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Test MODELS, or all, without human scores, from what `iqabench run` has stored.

    D: one threshold tells pristine from distorted pictures (.5 to 1). L: predictions fall as
    levels rise (-1 to 1). P: the better picture of a clear pair is predicted to be better (0 to 1).
    """
    results = iqabench.Results(session(catalog=catalog, store=store))
    emit_table(results.tables.waterloo(models, dataset, margin=margin), form, output)
