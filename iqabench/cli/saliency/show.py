"""``iqabench saliency show``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import catalog_option, session
from iqabench.report.tables import visible


@click.command("show")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--provider",
    default="spectral-residual",
    show_default=True,
    metavar="NAME[:KEY=VALUE...]",
    help="What makes the maps; `iqabench saliency` lists them.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("saliency-maps"),
    show_default=True,
    metavar="DIR",
    help="Folder of the PNG files.",
)
@catalog_option
def command(images: tuple[Path, ...], provider: str, output: Path, catalog: Path | None) -> None:
    """Draw the saliency of IMAGES, files or folders: each picture, its map, and both in one."""
    failed = False
    for path, error in iqabench.show_saliency(
        images,
        output,
        provider=provider,
        session=session(catalog=catalog, quiet=True, notices=True),
    ):
        failed = failed or error is not None
        line = f"failed: {error}" if error else f"wrote {path}"
        click.echo(visible(line), err=error is not None)
    if failed:
        raise click.exceptions.Exit(1)
