"""Groups of commands that import a command's module only when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from iqabench.contract.errors import UnknownNameError


class LazyGroup(click.Group):
    """Finds commands by name and loads their modules late, so that help answers at once.

    Args:
        commands_help: name -> one line of help, in the order of a user's need.
        package: where the modules lie; each has its command as ``command``.
        modules: name -> module, where it is not the one in the package that has its name.
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
        """Names in the order given."""
        return list(self.commands_help)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name not in self.commands_help:
            return None
        module = importlib.import_module(self.modules.get(name, f"{self.package}.{name}"))
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.commands_help.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown command hears of near misses."""
        if args and args[0] not in self.commands_help and not args[0].startswith("-"):
            raise UnknownNameError("command", args[0], self.commands_help)
        return super().resolve_command(ctx, args)


class ListByDefault(LazyGroup):
    """A group whose command is ``list`` where none is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take options without a command for those of ``list``."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)
