"""The command line: parses and prints, and leaves the rest to :mod:`iqabench.api`.

Commands are imported when they are called, so that ``iqabench --help`` answers at once.
"""

from __future__ import annotations

import importlib
import sys

import click

from iqabench.contract.errors import IqabenchError

COMMANDS = {
    "run": "Fit and test models under one protocol; print the leaderboard.",
    "score": "Score any pictures with published, local or trained weights.",
    "explain": "Draw what a network looks at.",
    "leaderboard": "Print the leaderboard of a store.",
    "models": "List the models, or show one.",
    "datasets": "List the data sets.",
    "saliency": "List the saliency providers.",
    "study": "Compare variants of one model: ablation, placement, threshold, cost, ...",
    "reproduce": "Measure a table of a paper again, beside the printed numbers.",
    "show": "Show what a job did and how it ended.",
    "import": "Bring in scores made elsewhere.",
    "doctor": "Report versions, devices, caches, weights and plugins that failed to load.",
}
MODULES = {"import": "imports"}


class Commands(click.Group):
    """Finds commands by name and loads their modules late."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of a user's need."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"iqabench.cli.{MODULES.get(name, name)}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command hears of near misses."""
        from iqabench.contract.errors import UnknownNameError

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="iqabench")
def cli(debug: bool) -> None:
    """Honest evaluation of no-reference image quality models."""


def main() -> None:
    """Run the command line; exit 0 well, 1 some jobs failed, 2 usage, 130 interrupted."""
    try:
        code = cli.main(standalone_mode=False)  # click returns the code of an Exit
        sys.exit(code if isinstance(code, int) else 0)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; finished jobs are kept, run again to go on", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except IqabenchError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"error: {error.message}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(2)
