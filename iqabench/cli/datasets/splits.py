"""``iqabench datasets splits``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import catalog_option, writable


@click.group("splits")
def command() -> None:
    """Take the splits of a data set elsewhere; `iqabench run --split FILE` takes them back."""


@command.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), callback=writable)
@click.option("--seed", type=click.IntRange(0), required=True, metavar="N")
@click.option(
    "--fold", type=click.IntRange(0), metavar="K", help="Of a data set that asks for folds."
)
@catalog_option
def export(name: str, file: Path, seed: int, fold: int | None, catalog: Path | None) -> None:
    """Write the split that repetition N of the data set NAME uses to FILE, as JSON."""
    from iqabench.catalog import Catalog
    from iqabench.data import splits
    from iqabench.data.tables import read
    from iqabench.protocols.plan import split_of
    from iqabench.registry import registry

    split = split_of(read(Catalog(registry(), catalog).ready(name)), seed, fold)
    splits.save(split, file)
    click.echo(
        f"wrote {file}: {len(split.train)} contents to train on, {len(split.validation)} to "
        f"validate, {len(split.test)} to test",
        err=True,
    )
