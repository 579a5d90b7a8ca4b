"""``iqabench store upgrade``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import session, store_option


@click.command("upgrade")
@store_option
def command(store: Path | None) -> None:
    """Bring a store of an earlier release to the format of this one.

    The old store is kept beside the new one, under another name.
    """
    with_this = session(store=store)
    kept = iqabench.upgrade_store(session=with_this)
    if kept is None:
        click.echo(f"{with_this.store.root} has the format of this release", err=True)
    else:
        click.echo(f"upgraded {with_this.store.root}; as it was: {kept}", err=True)
