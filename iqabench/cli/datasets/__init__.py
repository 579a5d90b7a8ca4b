"""``iqabench datasets``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import LazyGroup

COMMANDS = {
    "list": "List the data sets and where their files are sought (also without a command).",
    "show": "Show what is known of a data set, and its scores.",
    "verify": "Check every file and label of a data set.",
    "add": "Tell a catalogue where a data set lies, or describe one of your own.",
    "audit": "List pictures that show the same content, in one set or two.",
    "fetch": "Download and unpack a data set whose archive is known.",
    "splits": "Write a split of a data set to a file.",
    "synthesize": "Make a data set with proxy labels from a folder of photos.",
}


class _ListByDefault(LazyGroup):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take options without a command for those of ``list``."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(
    "datasets",
    cls=_ListByDefault,
    commands_help=COMMANDS,
    package="iqabench.cli.datasets",
    modules={"list": "iqabench.cli.datasets.listing"},
)
def command() -> None:
    """Look after data sets; without a command, list them."""
