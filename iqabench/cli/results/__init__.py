"""``iqabench results``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import ListByDefault

COMMANDS = {
    "list": "List what a store holds: models, sets, jobs, sizes.",
    "remove": "Remove models, imports or failed rows, and their jobs.",
    "merge": "Bring the results of another store into a store.",
}


@click.group(
    "results",
    cls=ListByDefault,
    commands_help=COMMANDS,
    package="iqabench.cli.results",
    modules={"list": "iqabench.cli.results.listing"},
)
def command() -> None:
    """Look after what was measured: list, remove or merge results."""
