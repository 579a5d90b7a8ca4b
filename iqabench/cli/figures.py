"""``iqabench figures``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import exclude_shared_option, quiet_option, session, store_option
from iqabench.report.canvas import FORMATS
from iqabench.report.tables import visible


@click.command("figures")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder of the files; made if need be.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="pdf",
    show_default=True,
    help="Kind of the files.",
)
@exclude_shared_option
@quiet_option
@store_option
def command(
    output: Path,
    form: Literal["pdf", "png", "svg"],
    exclude_shared: bool,
    quiet: bool,
    store: Path | None,
) -> None:
    """Draw a store's results for a paper.

    A critical-difference diagram, a train x test matrix, and for each test set SROCC with
    intervals, predictions against labels, and SROCC by distortion.
    """
    results = iqabench.Results(session(store=store, quiet=quiet))
    done = results.figures(output, form, exclude_shared=exclude_shared)
    for path in done.paths:
        click.echo(path)
    for line in done.left_out:
        click.echo(visible(line), err=True)
