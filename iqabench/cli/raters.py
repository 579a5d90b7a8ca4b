"""``iqabench raters``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit_table, session, store_option, table_options


@click.command("raters")
@click.argument("models", nargs=-1)
@click.option("--dataset", required=True, metavar="NAME", help="The set they were run on.")
@click.option(
    "--z",
    type=click.FloatRange(0),
    default=1.645,
    show_default=True,
    metavar="Z",
    help="Standard errors of a pair's difference above which people tell it apart.",
)
@store_option
@table_options
def command(
    models: tuple[str, ...],
    dataset: str,
    z: float,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Judge MODELS, or all, beside the raters' own scatter.

    Prints the highest correlations that the scatter allows, each model's share of them, outliers,
    and whether a model tells apart the pairs of pictures that people tell apart.
    """
    results = iqabench.Results(session(store=store, quiet=True))
    emit_table(results.tables.raters(models, dataset, z=z), form, output)
