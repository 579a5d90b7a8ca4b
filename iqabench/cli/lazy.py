"""Groups of commands that import a command's module only when the command is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from iqabench.contract.errors import UnknownNameError


def _load(ctx: click.Context, parameter: click.Parameter, files: tuple[Path, ...]) -> None:
    if files:
        import iqabench

        iqabench.Session(plugins=files)  # what it loads, every later session has


PLUGIN = click.Option(
    ["--plugin"],
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE.py",
    is_eager=True,  # names that other options give may be the plugin's
    expose_value=False,
    callback=_load,
    help="A plugin that is not installed, in a single file; repeatable.",
)
"""Every command has this option."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports a module when its command is called.

    This keeps the help fast.

    Args:
        commands_help: name -> one line of help, in the order in which help lists the commands.
        package: the package of the commands' modules; each module defines ``command``.
        modules: name -> full name of the module, for commands whose module in the package has
            another name.
    """

    def __init__(
        self,
        *args: Any,
        commands_help: Mapping[str, str],
        package: str,
        modules: Mapping[str, str],
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.commands_help = commands_help
        self.package = package
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands' names, in the order of ``commands_help``."""
        return list(self.commands_help)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name; None if there is no such command."""
        if name not in self.commands_help:
            return None
        module = importlib.import_module(self.modules.get(name, f"{self.package}.{name}"))
        command: click.Command = module.command
        if not isinstance(command, click.Group) and PLUGIN not in command.params:
            command.params.append(PLUGIN)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; no command is imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_help.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command as click does; the error for an unknown command lists similar names."""
        if args and args[0] not in self.commands_help and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], self.commands_help)
        return super().resolve_command(ctx, args)


class ListByDefault(LazyGroup):
    """A group that runs ``list`` if no command is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Insert ``list`` if the arguments name no command; options then belong to ``list``."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)
