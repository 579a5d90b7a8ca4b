"""``iqabench store gc``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import counted, session, store_option
from iqabench.report.tables import visible


@click.command("gc")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@store_option
def command(dry_run: bool, store: Path | None) -> None:
    """Remove what no result refers to, and what dead processes left behind.

    That is jobs that no row and no study uses, labels and splits of removed results, notes of
    runs without results, unfinished work that no result waits for, and parts of files. Figures
    and other files are not touched.
    """
    found = iqabench.clean_store(dry_run=dry_run, session=session(store=store))
    for one in found:
        click.echo(visible(f"{one.path} ({one.bytes} bytes): {one.why}"))
    told = f"{counted(len(found), 'item')} ({sum(one.bytes for one in found) / 1e6:.3f} MB)"
    click.echo(f"would remove {told}" if dry_run else f"removed {told}", err=True)
