"""``--config``: options of a command from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import iqabench


def _read(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> None:
    """Let click take the file's options where the command line gives none."""
    if path is None:
        return
    given = iqabench.read_config(path).model_dump(mode="json", exclude_unset=True)
    options = {name: one for one in ctx.command.params for name in one.opts}
    found: dict[str, Any] = {}
    for key, value in given.items():
        option = options[f"--{key.replace('_', '-')}"]
        many = isinstance(value, list) and not option.multiple
        found[str(option.name)] = ",".join(value) if many else value
    ctx.default_map = found


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE.yaml",
    is_eager=True,  # it may name plugins, which are loaded before other options are looked at
    expose_value=False,
    callback=_read,
    help="Options of the run, by their long names; those given here win.",
)
