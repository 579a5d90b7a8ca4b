"""``iqabench report``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    catalog_option,
    exclude_shared_option,
    quiet_option,
    store_option,
    watcher,
    writable,
)


@click.command("report")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("report.html"),
    show_default=True,
    metavar="FILE",
    callback=writable,
    help="The page.",
)
@exclude_shared_option
@store_option
@catalog_option
@quiet_option
def command(
    output: Path, exclude_shared: bool, store: Path | None, catalog: Path | None, quiet: bool
) -> None:
    """Write one HTML page of a store: leaderboard, comparisons, charts, worst pictures, failures.

    It needs no other file and no network.
    """
    from iqabench import api

    session = api.Session(catalog, watcher(quiet))
    api.report(output, store, exclude_shared=exclude_shared, session=session)
    click.echo(f"wrote {output}", err=True)
