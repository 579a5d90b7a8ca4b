"""Options that several commands share, and how a table leaves the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iqabench.contract.errors import UsageError
from iqabench.report.tables import FORMATS, render

Function = TypeVar("Function", bound=Callable[..., Any])


def store_option(function: Function) -> Function:
    """``--store DIR``."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=True),
        metavar="DIR",
        help="Folder of results [default: $IQABENCH_STORE or ./iqabench-results].",
    )(function)


def catalog_option(function: Function) -> Function:
    """``--catalog FILE``."""
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A further catalogue of data sets, merged last.",
    )(function)


def device_options(function: Function) -> Function:
    """``--device`` and ``--precision``."""
    function = click.option(
        "--precision", default="fp32", show_default=True, type=click.Choice(["fp32", "bf16"])
    )(function)
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    )(function)


def _writable(ctx: click.Context, parameter: click.Parameter, output: Path | None) -> Path | None:
    """Refuse a file that could not be written, before the work whose table it is to hold."""
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise UsageError(f"cannot write {output}: no such folder", "name another with -o")
    return output


def table_options(function: Function) -> Function:
    """``--format`` and ``-o``."""
    function = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=_writable,
        help="Write the table to a file.",
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default=None,
        help="Default: table, or csv with -o.",
    )(function)


def emit(
    rows: list[dict[str, Any]],
    form: str | None,
    output: Path | None,
    columns: list[str] | None = None,
    notes: list[str] | None = None,
) -> None:
    """Print a table, or write it to a file; notes follow a printed text table only.

    Raises:
        UsageError: the file cannot be written.
    """
    form = form or ("csv" if output is not None else "table")
    text = render(rows, form, columns)
    if output is None:
        click.echo(text)
        if form == "table":
            for note in notes or []:
                click.echo(note)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {output}: {error.strerror}", "name another with -o"
        ) from error
    click.echo(f"wrote {output}", err=True)
