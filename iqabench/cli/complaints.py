"""Says what went wrong, in one line and a hint; every command complains in this form."""

from __future__ import annotations

import errno

import click

from iqabench.contract.errors import IqabenchError

LONGEST = 500
"""A longer line is cut, so that no list of names or keys fills the screen."""
NO_ROOM = "make room on that disk, then repeat the command: what is finished is kept"
BUG = "this is a fault of iqabench or of a plugin: --debug shows where"


def complain(error: Exception) -> None:
    """Print an error and what to do, to standard error.

    Args:
        error: an error of the package, of click or of the system; any other is a fault of the
            program, and the hint says so.
    """
    message, hint = _told(error)
    click.echo(f"error: {_line(message)}", err=True)
    if hint:
        click.echo(f"hint: {_line(hint)}", err=True)


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, IqabenchError):
        return error.message, error.hint
    if isinstance(error, click.ClickException):
        context = getattr(error, "ctx", None)
        return " ".join(
            error.format_message().split()
        ), f"{context.command_path} --help" if context else ""
    if isinstance(error, EOFError):
        return f"a file is cut off: {error}", "fetch it again; --debug shows where it is read"
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename is not None else ""
        hint = NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else "--debug shows where"
        return f"{place}{error.strerror or error}", hint
    if isinstance(error, MemoryError):
        return "there is not enough memory", "close other programs, or take smaller batches"
    return f"{type(error).__name__}: {error}", BUG


def _line(text: str) -> str:
    from iqabench.report.tables import visible  # takes time that commands without errors save

    line = visible(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
