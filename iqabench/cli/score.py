"""``iqabench score``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import (
    Device,
    Precision,
    device_options,
    emit,
    loose_options,
    quiet_option,
    session,
    store_option,
    table_options,
    truncated_option,
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
    device: Device,
    precision: Precision,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Score IMAGES, pictures or folders of them, with MODEL.

    A picture that cannot be read is a row that says why, and the exit code is 1.
    """
    found = iqabench.score(
        model,
        images,
        set=overrides,
        choices=iqabench.Choices(
            weights=weights, saliency=saliency, allow_truncated=allow_truncated
        ),
        session=session(store=store, device=device, precision=precision, quiet=quiet, notices=True),
    )
    rows = records(found)
    emit(rows, form, output)
    if any(row["error"] for row in rows):
        raise click.exceptions.Exit(1)
