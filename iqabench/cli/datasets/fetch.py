"""``iqabench datasets fetch``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit_set, quiet_option, session, target_option


@click.command("fetch")
@click.argument("name")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to unpack [default: the set's root, $IQABENCH_DATA/NAME or your data folder].",
)
@quiet_option
@target_option
def command(name: str, root: Path | None, quiet: bool, catalog: Path | None) -> None:
    """Download, check and unpack the data set NAME, and write its root into your catalogue.

    A catalogue must name the set's archive: {url, sha256, bytes}. For any other set the command
    tells which file to download, and from where.
    """
    with_these = session(catalog=catalog, quiet=quiet)
    emit_set(iqabench.fetch_dataset(name, root, catalog=catalog, session=with_these))
