"""``iqabench datasets add``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import columns_option, emit_set, quiet_option, session, target_option
from iqabench.contract.datasets import OPTIONAL, REQUIRED
from iqabench.contract.errors import UsageError

COLUMNS = (*REQUIRED, *OPTIONAL)


def _column_options(function: Callable[..., None]) -> Callable[..., None]:
    for name in reversed(COLUMNS):
        option = f"--{name.replace('_', '-')}"
        text = f"Column for `{name}`, by name or number."
        function = click.option(option, metavar="COLUMN", help=text)(function)
    return function


@click.command("add")
@click.argument("name")
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="The folder that paths in the label file are below.",
)
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A label file, for a set of your own, below the root or in the current folder.",
)
@columns_option(*COLUMNS)
@_column_options
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    help="Whether a higher score means better quality [default: higher].",
)
@click.option(
    "--links",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="A folder outside the root into which symbolic links below the root may lead.",
)
@quiet_option
@target_option
def command(
    name: str,
    root: Path,
    labels: Path | None,
    direction: Literal["higher", "lower"] | None,
    links: Path | None,
    quiet: bool,
    catalog: Path | None,
    columns: dict[str, str | int],
    **given: str | None,
) -> None:
    """Write where the data set NAME lies into your catalogue.

    A set that `iqabench datasets` lists needs --root only. A set of your own needs --labels, and
    the names of the columns that are not obvious, or their numbers in a file without a header:
    `--columns image=2,mos=3`. The set is read first; if that fails, nothing is
    written.
    """
    twice = [name for name in columns if given[name] is not None]
    if twice:
        raise UsageError(f"--columns and --{twice[0]} both name {twice[0]}", "drop one of them")
    found = iqabench.add_dataset(
        name,
        root,
        labels,
        direction=direction,
        columns={**given, **columns},
        links=links,
        catalog=catalog,
        session=session(quiet=quiet),
    )
    emit_set(found)
