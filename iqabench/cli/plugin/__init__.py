"""``iqabench plugin``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import LazyGroup

COMMANDS = {"new": "Write a small, complete plugin that works at once."}


@click.group(
    "plugin",
    cls=LazyGroup,
    commands_help=COMMANDS,
    package="iqabench.cli.plugin",
    modules={},
)
def command() -> None:
    """Begin a plugin of your own."""
