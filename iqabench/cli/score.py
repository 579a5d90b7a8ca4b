"""``iqabench score``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import (
    device_options,
    emit,
    loose_options,
    quiet_option,
    store_option,
    table_options,
    truncated_option,
    watcher,
)
from iqabench.report.tables import records


@click.command("score")
@loose_options
@truncated_option
@quiet_option
@device_options
@store_option
@table_options
def command(
    model: str,
    images: tuple[Path, ...],
    weights: str,
    overrides: tuple[str, ...],
    saliency: str | None,
    allow_truncated: bool,
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
    from iqabench.engine.device import pick

    choices = api.Choices(
        weights=weights,
        saliency=saliency,
        precision=precision,
        device=pick(device),
        allow_truncated=allow_truncated,
    )
    found = api.score(
        model,
        images,
        set=overrides,
        choices=choices,
        store=store,
        watch=watcher(quiet),
    )
    rows = records(found)
    emit(rows, form, output)
    if any(row["error"] for row in rows):
        raise click.exceptions.Exit(1)
