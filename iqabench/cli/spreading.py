"""Options that say who makes the jobs of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])
SPREAD = "iqabench.spread"
"""Key of the values among those that click keeps for a command."""


def spread_options(function: Function) -> Function:
    """``--jobs``, ``--devices``, ``--threads``, ``--executor``, ``--address`` and ``--memory``.

    :func:`spread` gives them to the session.
    """
    options = (
        ("--jobs", int, "N", "Make N jobs at once, each with its share of the processors."),
        ("--devices", str, "0,1,...", "Make a job on each of these GPUs at once."),
        ("--threads", int, "N", "Threads of each job [default: processors / jobs]."),
        ("--executor", click.Choice(["local", "ray", "slurm"]), None, "Who makes the jobs."),
        ("--address", str, "ADDRESS", "Of a Ray cluster [default: $RAY_ADDRESS, else one here]."),
        ("--memory", float, "GB", "What Ray or Slurm is asked for, for each job [default: 4]."),
    )
    for name, kind, shown, text in reversed(options):
        function = click.option(
            name, type=kind, metavar=shown, help=text, expose_value=False, callback=_kept
        )(function)
    return function


def _kept(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None:
        ctx.meta.setdefault(SPREAD, {})[parameter.name] = value


def spread() -> dict[str, Any]:
    """The values of :func:`spread_options` that the user gave."""
    context = click.get_current_context(silent=True)
    found = {} if context is None else dict(context.meta.get(SPREAD, {}))
    if "devices" in found:
        found["devices"] = tuple(name.strip() for name in found["devices"].split(","))
    return found
