"""``iqabench datasets synthesize``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit_set, quiet_option, session, target_option


@click.command("synthesize")
@click.argument("photos", type=click.Path(path_type=Path))
@click.argument("name")
@click.option(
    "--types",
    default="all",
    show_default=True,
    metavar="TYPES",
    help="KADID-10k's numbers or names, comma-separated.",
)
@click.option("--levels", default="1-5", show_default=True, metavar="LEVELS", help="Or 1,3,5.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where to make it [default: $IQABENCH_DATA/NAME or your data folder].",
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all random choices."
)
@click.option(
    "--long-side",
    type=click.IntRange(64),
    default=512,
    show_default=True,
    metavar="PIXELS",
    help="Scale larger photos down to this; the levels are meant for 512.",
)
@quiet_option
@target_option
def command(
    photos: Path,
    name: str,
    types: str,
    levels: str,
    root: Path | None,
    seed: int,
    long_side: int,
    quiet: bool,
    catalog: Path | None,
) -> None:
    """Distort the pictures in the folder PHOTOS and make them the data set NAME.

    Its labels are a full-reference proxy, not people's scores. Run again to go on after an
    interruption.
    """
    found = iqabench.synthesize_dataset(
        photos,
        name,
        types,
        levels,
        root=root,
        seed=seed,
        long_side=long_side,
        catalog=catalog,
        session=session(quiet=quiet, notices=True),
    )
    emit_set(found)
