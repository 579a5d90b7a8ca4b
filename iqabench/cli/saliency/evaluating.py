"""``iqabench saliency eval``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    catalog_option,
    emit,
    is_full,
    quiet_option,
    table_options,
    watcher,
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
    from iqabench import api
    from iqabench.report import tables

    session = api.Session(catalog, watcher(quiet))
    found = api.evaluate_saliency(providers, dataset, root=root, session=session)
    board = found.summary()
    rows = tables.records(board) if is_full(form, output) else tables.saliency_short(board)
    emit(rows, form, output, notes=tables.saliency_notes(found.pictures))
    if board["failed"].any():
        raise click.exceptions.Exit(1)
