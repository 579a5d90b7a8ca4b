"""``iqabench explain``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.loose import loose_options
from iqabench.cli.options import (
    Device,
    Precision,
    catalog_option,
    device_options,
    session,
    store_option,
)
from iqabench.report.tables import visible


@click.command("explain")
@loose_options
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("explained"),
    show_default=True,
    metavar="DIR",
    help="Folder of the PNG files.",
)
@device_options
@store_option
@catalog_option
def command(
    model: str,
    images: tuple[Path, ...],
    weights: str,
    overrides: tuple[str, ...],
    saliency: str | None,
    output: Path,
    device: Device,
    precision: Precision,
    store: Path | None,
    catalog: Path | None,
) -> None:
    """Draw what MODEL looks at in IMAGES: a sheet for each, and montage.png.

    Grad-CAM, the map of --saliency, and for BioSIQNet the predicted low and high saliency beside
    the true ones. --saliency groundtruth takes those of the data set in whose folder a picture is.
    """
    choices = iqabench.Choices(weights=weights, saliency=saliency)
    with_these = session(
        catalog=catalog,
        store=store,
        device=device,
        precision=precision,
        quiet=True,
        notices=True,
    )
    failed = False
    for path, error in iqabench.explain(
        model, images, output, set=overrides, choices=choices, session=with_these
    ):
        failed = failed or error is not None
        line = f"failed: {error}" if error else f"wrote {path}"
        click.echo(visible(line), err=error is not None)
    if failed:
        raise click.exceptions.Exit(1)
