"""``iqabench datasets add``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import click

import iqabench
from iqabench.cli.options import emit_set, quiet_option, session, target_option
from iqabench.contract.datasets import OPTIONAL, REQUIRED

COLUMNS = (*REQUIRED, *OPTIONAL)


def _column_options(function: Callable[..., None]) -> Callable[..., None]:
    for name in reversed(COLUMNS):
        option = click.option(f"--{name.replace('_', '-')}", metavar="COLUMN")
        function = option(function)
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
    help="CSV or Parquet, for a set of your own; sought below the root, too.",
)
@_column_options
@click.option(
    "--direction",
    type=click.Choice(["higher", "lower"]),
    help="Whether a higher score means better quality [default: higher].",
)
@quiet_option
@target_option
def command(
    name: str,
    root: Path,
    labels: Path | None,
    direction: Literal["higher", "lower"] | None,
    quiet: bool,
    catalog: Path | None,
    **given: str | None,
) -> None:
    """Write where the data set NAME lies into your catalogue.

    A set that `iqabench datasets` lists needs --root only. A set of your own needs --labels, and
    the names of the columns that are not obvious. The set is read first; if that fails, nothing is
    written.
    """
    found = iqabench.add_dataset(
        name,
        root,
        labels,
        direction=direction,
        columns=given,
        catalog=catalog,
        session=session(quiet=quiet),
    )
    emit_set(found)
