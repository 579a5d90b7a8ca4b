"""``iqabench results merge``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import counted, quiet_option, session, store_option


@click.command("merge")
@click.argument("other", type=click.Path(path_type=Path))
@quiet_option
@store_option
def command(other: Path, quiet: bool, store: Path | None) -> None:
    """Bring the results of the store OTHER into a store; OTHER stays as it is.

    A job that both have is kept once. Where its results differ, those of the store that is written
    are kept, the job is named, and the exit code is 1.
    """
    with_this = session(store=store, quiet=quiet)
    found = iqabench.merge_results(other, session=with_this)
    for line in found.conflicts:
        click.echo(f"conflict: {line} has other results in {other}; they were not taken", err=True)
    click.echo(
        f"{counted(found.jobs, 'job')} and {counted(found.evaluations, 'repetition')} copied to "
        f"{with_this.store.root}; {found.equal} there before, {len(found.conflicts)} in conflict",
        err=True,
    )
    if found.conflicts:
        raise click.exceptions.Exit(1)
