"""``iqabench saliency eval``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    catalog_option,
    emit_table,
    quiet_option,
    session,
    table_options,
)


@click.command("eval")
@click.argument("providers", nargs=-1, required=True, metavar="PROVIDER...")
@click.option("--dataset", required=True, metavar="NAME", help="A set with fixations.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the set lies, if no catalogue says so.",
)
@quiet_option
@catalog_option
@table_options
def command(
    providers: tuple[str, ...],
    dataset: str,
    root: Path | None,
    quiet: bool,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Measure how well PROVIDERs predict where people looked at a data set's pictures.

    Means over pictures with 95% intervals; docs/saliency.md says what each metric means.
    `--dataset fixations --root DIR` takes any folder with images/ and fixations.csv (image, y, x).
    CSV and JSON have a row for each provider. Exit code 1 where a picture failed.
    """
    found = iqabench.evaluate_saliency(
        providers, dataset, root=root, session=session(catalog=catalog, quiet=quiet)
    )
    table = found.table()
    emit_table(table, form, output)
    if table.frame["failed"].any():
        raise click.exceptions.Exit(1)
