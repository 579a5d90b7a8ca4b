"""``iqabench raters``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit, is_full, store_option, table_options


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

    The highest correlations that it allows and each model's share of them, outliers, and whether a
    model tells pairs of pictures apart that people do.
    """
    from iqabench import api
    from iqabench.report import tables

    found = api.raters(dataset, models, z=z, store=store)
    rows = tables.records(found) if is_full(form, output) else tables.short_raters(found)
    emit(rows, form, output, notes=tables.raters_notes(z))
