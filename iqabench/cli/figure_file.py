"""The option ``--figure FILE``, which several reports share."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import Function, writable
from iqabench.contract.errors import UsageError
from iqabench.report import canvas


def drawable(path: Path) -> Path:
    """The path, if its ending names a format of figures; else a UsageError."""
    if path.suffix.removeprefix(".") not in canvas.FORMATS:
        endings = ", ".join(f".{form}" for form in canvas.FORMATS)
        raise UsageError(f"{path}: no such kind of file", f"end it in {endings}")
    return path


def figure_option(function: Function) -> Function:
    """``--figure FILE``; the file's ending is .pdf, .png or .svg."""

    def checked(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        return writable(ctx, parameter, None if path is None else drawable(path))

    return click.option(
        "--figure",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=checked,
        help="Draw it too, as PDF, PNG or SVG.",
    )(function)
