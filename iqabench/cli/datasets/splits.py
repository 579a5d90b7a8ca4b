"""``iqabench datasets splits``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import catalog_option, session, writable


@click.group("splits")
def command() -> None:
    """Write the splits of a data set to files; `iqabench run --split FILE` reads such a file."""


@command.command("export")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), callback=writable)
@click.option("--seed", type=click.IntRange(0), required=True, metavar="N", help="Of the split.")
@click.option(
    "--fold", type=click.IntRange(0), metavar="K", help="Of a data set that asks for folds."
)
@catalog_option
def export(name: str, file: Path, seed: int, fold: int | None, catalog: Path | None) -> None:
    """Write the split that repetition N of the data set NAME uses to FILE, as JSON."""
    split = iqabench.export_split(
        name, file, seed=seed, fold=fold, session=session(catalog=catalog)
    )
    click.echo(
        f"wrote {file}: {len(split.train)} contents to train on, {len(split.validation)} to "
        f"validate, {len(split.test)} to test",
        err=True,
    )
