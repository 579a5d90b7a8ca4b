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
    help="Where its files go [default: the set's root, $IQABENCH_DATA/NAME or your data folder].",
)
@quiet_option
@target_option
def command(name: str, root: Path | None, quiet: bool, catalog: Path | None) -> None:
    """Download and check the data set NAME, and write its root into your catalogue.

    A second call downloads what is missing or damaged. Sets whose owners want a form or a password
    cannot be fetched; for those the command tells what to get, and from where. A catalogue can name
    an archive: {url, sha256, bytes}, or a repository on GitHub: {name, commit, tree}.
    """
    with_these = session(catalog=catalog, quiet=quiet, notices=True)
    emit_set(iqabench.fetch_dataset(name, root, catalog=catalog, session=with_these))
