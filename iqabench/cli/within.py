"""The option ``--within``, which several reports share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def within_option(function: Function) -> Function:
    """``--within COLUMN``; an empty text if it is not given."""

    def named(ctx: click.Context, parameter: click.Parameter, column: str | None) -> str:
        return column or ""

    return click.option(
        "--within",
        type=click.Choice(["distortion", "level"]),
        callback=named,
        help="Compute each metric within each distortion or level, and average over them.",
    )(function)
