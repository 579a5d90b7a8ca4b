"""``iqabench score``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import device_options, emit, store_option, table_options
from iqabench.report.tables import records


@click.command("score")
@click.argument("model")
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--weights",
    default="published",
    show_default=True,
    metavar="WHICH",
    help="published, FILE or job:ID.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="MODEL.KEY=VALUE",
    help="Override an option, or MODEL.recipe.KEY; repeatable.",
)
@click.option("--saliency", metavar="NAME", help="Provider, for models that need maps to predict.")
@click.option("--quiet", is_flag=True, help="No progress.")
@device_options
@store_option
@table_options
def command(
    model: str,
    images: tuple[Path, ...],
    weights: str,
    overrides: tuple[str, ...],
    saliency: str | None,
    quiet: bool,
    device: str,
    precision: str,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Score IMAGES, pictures or folders of them, with MODEL.

    A picture that cannot be read is a row that says why, and the exit code is 1.
    """
    from iqabench import api
    from iqabench.cli.progress import RichWatcher
    from iqabench.engine.device import pick
    from iqabench.engine.progress import Silent

    choices = api.Choices(
        weights=weights, saliency=saliency, precision=precision, device=pick(device)
    )
    found = api.score(
        model,
        images,
        set=overrides,
        choices=choices,
        store=store,
        watch=Silent() if quiet else RichWatcher(),
    )
    rows = records(found)
    emit(rows, form, output)
    if any(row["error"] for row in rows):
        raise click.exceptions.Exit(1)
