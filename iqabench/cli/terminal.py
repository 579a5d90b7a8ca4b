"""Prints text tables on a terminal, no wider than it is."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from iqabench.report.tables import Row, for_terminal

Function = TypeVar("Function", bound=Callable[..., Any])
_WIDE = "iqabench.wide"
"""Where the context of a command keeps whether ``--wide`` was given."""


def wide_option(function: Function) -> Function:
    """``--wide``; the command has no parameter for it, since printing alone depends on it."""

    def kept(ctx: click.Context, parameter: click.Parameter, wide: bool) -> None:
        ctx.meta[_WIDE] = wide

    return click.option(
        "--wide",
        is_flag=True,
        expose_value=False,
        callback=kept,
        help="Every column, also where the terminal is narrower than the table.",
    )(function)


def width() -> int | None:
    """The characters of a line of the terminal; None without a terminal and with ``--wide``."""
    if not sys.stdout.isatty() or _meta().get(_WIDE):
        return None
    return shutil.get_terminal_size().columns


def show(rows: Sequence[Row], columns: list[str] | None, notes: Sequence[str]) -> None:
    """Print a table and its notes; where columns had to go, a line says which."""
    remedy = "--wide shows all" if _WIDE in _meta() else "a wider terminal shows all"
    for text in for_terminal(rows, columns, notes, width(), remedy):
        click.echo(text)


def _meta() -> dict[str, Any]:
    context = click.get_current_context(silent=True)
    return {} if context is None else context.meta
