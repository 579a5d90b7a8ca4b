"""``iqabench store check``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import counted, session, store_option
from iqabench.report.tables import visible


@click.command("check")
@click.option("--remove", is_flag=True, help="Remove what is damaged; the next run makes it again.")
@store_option
def command(remove: bool, store: Path | None) -> None:
    """Compare everything in the store with its checksum.

    Prints a line for each file or folder that is damaged or gone, and how it is made again. The
    exit code is 1 if there is any.
    """
    with_this = session(store=store)
    found = iqabench.check_store(remove=remove, session=with_this)
    for damage in found:
        click.echo(visible(str(damage)))
    if not found:
        click.echo(f"{with_this.store.root} is whole", err=True)
        return
    done = "removed" if remove else "--remove removes what is damaged"
    click.echo(f"{counted(len(found), 'item')} damaged or gone; {done}", err=True)
    raise click.exceptions.Exit(1)
