"""Options that several commands share, and how a table leaves the program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from iqabench.contract.errors import UsageError
from iqabench.report import canvas
from iqabench.report.tables import FORMATS, PARQUET, annotated, render, write_parquet

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.api import Results
    from iqabench.data.tables import Dataset
    from iqabench.engine.progress import Watcher

Function = TypeVar("Function", bound=Callable[..., Any])


def store_option(function: Function) -> Function:
    """``--store DIR``."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=True),
        metavar="DIR",
        help="Folder of results [default: $IQABENCH_STORE or ./iqabench-results].",
    )(function)


def catalog_option(function: Function) -> Function:
    """``--catalog FILE``."""
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A further catalogue of data sets, merged last.",
    )(function)


def target_option(function: Function) -> Function:
    """``--catalog FILE``, of commands that write it."""
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="The catalogue to write [default: your own; `iqabench doctor` shows where].",
    )(function)


def training_options(function: Function) -> Function:
    """``--seeds``, ``--init``, ``--recipe``, ``--tiny``, ``--saliency`` and ``--quiet``."""
    options = (
        click.option(
            "--seeds",
            type=int,
            metavar="N",
            help="Repetitions 0..N-1 [default: the protocol's own].",
        ),
        click.option(
            "--init",
            type=click.Choice(["default", "random"]),
            default="default",
            show_default=True,
            help="Where networks' encoders start.",
        ),
        click.option(
            "--recipe",
            type=click.Choice(["own", "common"]),
            default="own",
            show_default=True,
            help="Train each network by its own recipe, or all by one.",
        ),
        click.option("--tiny", is_flag=True, help="Toy-sized models, to try a protocol out."),
        saliency_option,
        quiet_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def truncated_option(function: Function) -> Function:
    """``--allow-truncated``."""
    return click.option(
        "--allow-truncated",
        is_flag=True,
        help="Take what is left of pictures that are cut off or damaged.",
    )(function)


def saliency_option(function: Function) -> Function:
    """``--saliency NAME[:KEY=VALUE...]``."""
    return click.option(
        "--saliency",
        metavar="NAME[:KEY=VALUE...]",
        help="Saliency provider [default: the data set's own maps, else the model's choice].",
    )(function)


def exclude_shared_option(function: Function) -> Function:
    """``--exclude-shared``."""
    return click.option(
        "--exclude-shared",
        is_flag=True,
        help="Leave contents that a model has seen out of its statistics.",
    )(function)


def quiet_option(function: Function) -> Function:
    """``--quiet``."""
    return click.option("--quiet", is_flag=True, help="No progress.")(function)


def loose_options(function: Function) -> Function:
    """``MODEL IMAGES...``, ``--weights`` and ``--set``, for pictures outside every data set."""
    options = (
        click.argument("model"),
        click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path)),
        click.option(
            "--weights",
            default="published",
            show_default=True,
            metavar="WHICH",
            help="published, FILE or job:ID.",
        ),
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="MODEL.KEY=VALUE",
            help="Override an option, or MODEL.recipe.KEY; repeatable.",
        ),
        saliency_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def watcher(quiet: bool) -> Watcher:
    """Who shows progress."""
    from iqabench.cli.progress import RichWatcher
    from iqabench.engine.progress import Silent

    return Silent() if quiet else RichWatcher()


def device_options(function: Function) -> Function:
    """``--device`` and ``--precision``."""
    function = click.option(
        "--precision", default="fp32", show_default=True, type=click.Choice(["fp32", "bf16"])
    )(function)
    return click.option(
        "--device",
        default="auto",
        show_default=True,
        type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    )(function)


SUFFIXES = {
    ".json": "json",
    ".md": "markdown",
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".tex": "latex",
}
"""Formats that the name of a file asks for; any other asks for CSV."""


def writable(ctx: click.Context, parameter: click.Parameter, output: Path | None) -> Path | None:
    """Refuse a file that could not be written, before the work whose table it is to hold."""
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise UsageError(f"cannot write {output}: no such folder", "name another place")
    if output is None and ctx.params.get("form") == PARQUET:
        raise UsageError("Parquet is no text to print", "name a file with -o")
    return output


def figure_option(function: Function) -> Function:
    """``--figure FILE``, a PDF, PNG or SVG."""

    def drawable(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path.suffix.removeprefix(".") not in canvas.FORMATS:
            endings = ", ".join(f".{form}" for form in canvas.FORMATS)
            raise UsageError(f"--figure {path}: no such kind of file", f"end it in {endings}")
        return writable(ctx, parameter, path)

    return click.option(
        "--figure",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=drawable,
        help="Draw it too, as PDF, PNG or SVG.",
    )(function)


def table_options(function: Function) -> Function:
    """``--format`` and ``-o``."""
    function = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=writable,
        help="Write the table to a file.",
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice([*FORMATS, PARQUET]),
        default=None,
        is_eager=True,
        help="Default: table; with -o by the file's ending (.md, .tex, .json, .parquet), else csv.",
    )(function)


def chosen(form: str | None, output: Path | None) -> str:
    """The format of a table: as asked for, else what suits where it goes."""
    if form is not None:
        return form
    return "table" if output is None else SUFFIXES.get(output.suffix.lower(), "csv")


def emit(
    rows: list[dict[str, Any]],
    form: str | None,
    output: Path | None,
    columns: list[str] | None = None,
    notes: list[str] | None = None,
) -> None:
    """Print a table, or write it to a file.

    Notes follow a text table on the screen, and one in Markdown or LaTeX wherever it goes.

    Raises:
        UsageError: the file cannot be written.
    """
    form = chosen(form, output)
    if output is None:
        click.echo(annotated(render(rows, form, columns), form, notes or []))
        for note in (notes or []) if form == "table" else []:
            click.echo(note)
    elif form == PARQUET:
        _written(output, lambda: write_parquet(rows, output, columns))
    else:
        text = annotated(render(rows, form, columns), form, notes or [])
        _written(output, lambda: output.write_text(text + "\n", encoding="utf-8"))


def _written(output: Path, write: Callable[[], Any]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(
            f"cannot write {output}: {error.strerror}", "name another with -o"
        ) from error
    click.echo(f"wrote {output}", err=True)


def emit_set(dataset: Dataset, catalog: Path) -> None:
    """Print what was found in a data set that a catalogue now holds."""
    from iqabench.sets.describe import counts

    rows = [{"fact": key, "value": value} for key, value in counts(dataset).items()]
    emit([{"fact": "data set", "value": dataset.name}, *rows], None, None)
    click.echo(f"wrote {catalog}", err=True)


def emit_frame(
    frame: pd.DataFrame, form: str | None, output: Path | None, notes: list[str]
) -> None:
    """Print or write a table: every column where a program reads it, else what fits a screen."""
    from iqabench.report import tables

    chosen_form = chosen(form, output)
    if output is not None and chosen_form in ("csv", PARQUET):
        _written(output, lambda: tables.write_frame(frame, chosen_form, output))
        return
    rows = tables.records(frame) if is_full(form, output) else tables.without_config(frame)
    emit(rows, form, output, notes=notes)


def emit_leaderboard(
    results: Results,
    form: str | None,
    output: Path | None,
    exclude_shared: bool = False,
    watch: Watcher | None = None,
) -> None:
    """Print or write a leaderboard: every column where a program reads it, else the short form.

    In Markdown and LaTeX the best are marked, where they are better for sure.
    """
    from iqabench.report import leaderboard, tables

    board = results.leaderboard(exclude_shared, watch)
    if is_full(form, output):
        emit(tables.records(board), form, output, list(leaderboard.COLUMNS))
        return
    form = chosen(form, output)
    marks = results.marks(exclude_shared) if form in ("markdown", "latex") else None
    emit(tables.short(board, marks), form, output, notes=tables.notes(board, form))


def is_full(form: str | None, output: Path | None) -> bool:
    """Whether a table goes to a program, which wants every column and digit."""
    return chosen(form, output) in ("csv", "json", PARQUET)
