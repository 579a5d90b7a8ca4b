"""``iqabench results remove``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import counted, datasets_option, emit, names, session, store_option


@click.command("remove")
@click.argument("what", nargs=-1)
@datasets_option
@click.option("--failed", is_flag=True, help="Only rows without any prediction.")
@click.option("--yes", is_flag=True, help="Remove; without it, only show what would go.")
@store_option
def command(
    what: tuple[str, ...],
    datasets: tuple[str, ...],
    failed: bool,
    yes: bool,
    store: Path | None,
) -> None:
    """Remove results by model or job, and the jobs that nothing else refers to.

    WHAT are labels, names of rows as `iqabench results list` shows them, or the beginning of a
    job's ID. Nothing is removed without --yes.
    """
    found = iqabench.remove_results(
        what, names(datasets), failed=failed, dry_run=not yes, session=session(store=store)
    )
    if found.rows:
        emit(found.rows, None, None)
    parts = [counted(len(found.evaluations), "repetition"), counted(len(found.jobs), "job")]
    parts += [counted(len(found.stresses), "stress study")] * bool(found.stresses)
    told = f"{', '.join(parts)} ({found.bytes / 1e6:.3f} MB)"
    click.echo(f"removed {told}" if yes else f"would remove {told}; --yes removes them", err=True)
