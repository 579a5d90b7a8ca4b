"""``iqabench store``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import LazyGroup

COMMANDS = {
    "check": "Compare everything in the store with its checksum.",
    "gc": "Remove what no result refers to, and leftovers of dead processes.",
    "upgrade": "Bring a store of an earlier release to the format of this one.",
}


@click.group(
    "store",
    cls=LazyGroup,
    commands_help=COMMANDS,
    package="iqabench.cli.store",
    modules={},
)
def command() -> None:
    """Look after the files of a store."""
