"""``iqabench saliency``: one file per command."""

from __future__ import annotations

import click

from iqabench.cli.lazy import ListByDefault

COMMANDS = {
    "list": "List the saliency providers and their licences (also without a command).",
    "show": "Draw a provider's maps of any pictures.",
    "eval": "Measure how well providers predict where people looked.",
    "cache": "Tell how much room kept maps take, or remove them.",
}


@click.group(
    "saliency",
    cls=ListByDefault,
    commands_help=COMMANDS,
    package="iqabench.cli.saliency",
    modules={
        "list": "iqabench.cli.saliency.listing",
        "eval": "iqabench.cli.saliency.evaluating",
    },
)
def command() -> None:
    """Look after saliency providers; without a command, list them."""
