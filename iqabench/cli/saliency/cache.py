"""``iqabench saliency cache``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, table_options

MEGABYTE = 1e6


@click.command("cache")
@click.option(
    "--clear",
    is_flag=False,
    flag_value="",
    metavar="[PROVIDER]",
    help="Remove the maps of a provider, whatever its options, or all.",
)
@table_options
def command(clear: str | None, form: str | None, output: Path | None) -> None:
    """List how many maps of each provider are kept, and the megabytes they take."""
    if clear is not None:
        gone = iqabench.clear_maps(clear)
        size = sum(one.bytes for one in gone) / MEGABYTE
        click.echo(f"removed {sum(one.maps for one in gone)} maps, {size:.1f} MB", err=True)
    rows = [
        {"provider": one.provider, "maps": one.maps, "MB": round(one.bytes / MEGABYTE, 1)}
        for one in iqabench.kept_maps()
    ]
    emit(rows, form, output, ["provider", "maps", "MB"])
