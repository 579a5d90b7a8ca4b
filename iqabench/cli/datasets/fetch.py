"""``iqabench datasets fetch``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit_set, quiet_option, target_option, watcher


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

    That needs a catalogue that names its archive: {url, sha256, bytes}. For any other set this
    says which file to get where.
    """
    from iqabench.catalog import Catalog, user_catalog
    from iqabench.registry import registry
    from iqabench.sets.fetch import fetch

    bound = Catalog(registry(), catalog).get(name)
    catalog = catalog or user_catalog()
    with watcher(quiet).task(f"fetching {bound.name}") as tick:
        dataset = fetch(bound, root, catalog, tick)
    emit_set(dataset, catalog)
