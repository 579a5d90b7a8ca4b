"""``iqabench datasets``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import ListByDefault

COMMANDS = {
    "list": "List the data sets and where their files are sought (also without a command).",
    "show": "Show what is known of a data set, and its scores.",
    "verify": "Check every file and label of a data set.",
    "add": "Tell a catalogue where a data set lies, or describe one of your own.",
    "audit": "List pictures that show the same content, in one set or two.",
    "fetch": "Download a data set that is offered without a form or a password.",
    "splits": "Write a split of a data set to a file.",
    "synthesize": "Make a data set with proxy labels from a folder of photos.",
}


@click.group(
    "datasets",
    cls=ListByDefault,
    commands_help=COMMANDS,
    package="iqabench.cli.datasets",
    modules={"list": "iqabench.cli.datasets.listing"},
)
def command() -> None:
    """Look after data sets; without a command, list them."""
