"""``iqabench score``."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

import iqabench
from iqabench.cli.loose import loose_choices
from iqabench.cli.options import (
    Device,
    Precision,
    device_options,
    emit,
    is_full,
    names,
    quiet_option,
    saliency_option,
    session,
    store_option,
    table_options,
    truncated_option,
)
from iqabench.cli.score_words import paths_of, split
from iqabench.report.tables import Row

if TYPE_CHECKING:
    from iqabench import Scores

PAGES = (".html", ".htm")
OPTIONAL = ("band", "warning")
"""Columns of calibrated weights that a table of several models shows of each."""


@click.command("score")
@click.argument("words", nargs=-1, metavar="[MODEL[,MODEL...]] IMAGES...")
@click.option(
    "--models",
    multiple=True,
    metavar="NAMES",
    help="The models, comma-separated or repeated; every argument is then a picture.",
)
@loose_choices
@saliency_option
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="REF",
    help="For measures that compare: one reference, or a folder with the pictures' names.",
)
@click.option("--recursive", is_flag=True, help="Enter the folders in folders.")
@click.option("--sort", is_flag=True, help="The best first, by the first model.")
@click.option(
    "--backend",
    type=click.Choice(["torch", "onnx"]),
    default="torch",
    show_default=True,
    help="onnx: score with an exported file, --weights FILE, without torch.",
)
@truncated_option
@quiet_option
@device_options
@store_option
@table_options
def command(
    words: tuple[str, ...],
    models: tuple[str, ...],
    weights: str,
    overrides: tuple[str, ...],
    saliency: str | None,
    reference: Path | None,
    recursive: bool,
    sort: bool,
    backend: Literal["torch", "onnx"],
    allow_truncated: bool,
    quiet: bool,
    device: Device,
    precision: Precision,
    store: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Score IMAGES with one or several models.

    IMAGES are pictures, folders of them, or - for a list of paths on standard input, one a line.
    The first argument names models if each of its names is a known model and no file is called so;
    otherwise it is a picture. --models names models in any case. Without a model it is
    biosiqnet-lite.

    `-o scores.html` writes a page with thumbnails, best and worst pictures and a histogram. A
    picture that cannot be read is a row that says why, and the exit code is 1.
    """
    used = session(store=store, device=device, precision=precision, quiet=quiet, notices=True)
    named, given = split(words, names(models), used, exported=backend == "onnx")
    page = output is not None and form is None and output.suffix.lower() in PAGES
    found = iqabench.score_pictures(
        named,
        paths_of(given),
        reference=reference,
        recursive=recursive,
        backend=backend,
        looks=page,
        set=overrides,
        choices=iqabench.Choices(
            weights=weights, saliency=saliency, allow_truncated=allow_truncated
        ),
        session=used,
    )
    _put(found.sorted() if sort else found, form, output, page)
    if any(row.error for row in found.rows):
        raise click.exceptions.Exit(1)


def _put(found: Scores, form: str | None, output: Path | None, page: bool) -> None:
    """Print the scores, or write them as a table or a page."""
    if page and output is not None:
        found.page(output)
        click.echo(f"wrote {output}", err=True)
    elif is_full(form, output):
        emit(found.records(), form, output, found.columns)
    else:
        emit(_for_people(found), form, output)


def _for_people(found: Scores) -> list[Row]:
    """The rows for a screen: with several models one row for each picture, a column for each."""
    records, step = found.records(), len(found.models)
    if step == 1:
        return records
    known = {(row["model"], name) for row in records for name in OPTIONAL if row.get(name)}
    return [_joined(records[at : at + step], known) for at in range(0, len(records), step)]


def _joined(records: Sequence[Row], known: Set[tuple[str, str]]) -> Row:
    """What several models say of one picture, in one row.

    ``known`` are the models and the further columns that any row has.
    """
    row: Row = {"path": records[0]["path"]}
    for record in records:
        model = record["model"]
        row[f"{model} ({record['direction']} is better)"] = record["score"]
        row |= {f"{model} {name}": record[name] for name in OPTIONAL if (model, name) in known}
    errors = {record["error"]: None for record in records if record["error"]}
    row["error"] = "; ".join(errors) or None
    row["notes"] = records[0]["notes"]
    return row
