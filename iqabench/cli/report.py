"""``iqabench report``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    MappingName,
    catalog_option,
    exclude_shared_option,
    mapping_option,
    quiet_option,
    session,
    store_option,
    writable,
)
from iqabench.cli.within import within_option


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
@mapping_option
@within_option
@store_option
@catalog_option
@quiet_option
def command(
    output: Path,
    exclude_shared: bool,
    mapping: MappingName,
    within: str,
    store: Path | None,
    catalog: Path | None,
    quiet: bool,
) -> None:
    """Write one HTML page of a store: leaderboard, comparisons, charts, worst pictures, failures.

    It needs no other file and no network.
    """
    results = iqabench.Results(session(catalog=catalog, store=store, quiet=quiet))
    results.report(output, exclude_shared=exclude_shared, mapping=mapping, within=within)
    click.echo(f"wrote {output}", err=True)
