"""Options that several commands share, and functions that print or write a table."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from iqabench.cli import terminal
from iqabench.contract.errors import UsageError
from iqabench.report.tables import (
    FORMATS,
    PARQUET,
    Row,
    Table,
    annotated,
    records,
    render,
    visible,
    write_frame,
    write_parquet,
    write_text,
)
from iqabench.report.tables import counted as counted

if TYPE_CHECKING:
    from iqabench import Session

Device = Literal["auto", "cpu", "cuda", "mps"]
MappingName = Literal["logistic4", "logistic5", "none"]
Precision = Literal["fp32", "bf16"]
Function = TypeVar("Function", bound=Callable[..., Any])


def store_option(function: Function) -> Function:
    """``--store DIR``."""
    return click.option(
        "--store",
        type=click.Path(path_type=Path, file_okay=True),
        metavar="DIR",
        help="Folder of results [default: $IQABENCH_STORE or ./iqabench-results].",
    )(function)


def columns_option(*known: str) -> Callable[[Function], Function]:
    """``--columns``, which names columns of a label file; ``known`` are the names to give them."""

    def parsed(
        ctx: click.Context, parameter: click.Parameter, text: str | None
    ) -> dict[str, str | int]:
        found: dict[str, str | int] = {}
        for part in re.split(rf",(?=\s*(?:{'|'.join(known)})\s*=)", text) if text else ():
            ours, equals, theirs = (one.strip() for one in part.partition("="))
            if ours not in known or not equals or not theirs:
                raise UsageError(
                    f"--columns {text}: '{part}' names no column",
                    f"write {known[0]}=2,{known[1]}=3; known: {', '.join(known)}",
                )
            if ours in found:
                raise UsageError(f"--columns {text}: {ours} twice", "name each column once")
            found[ours] = int(theirs) if theirs.isdecimal() and len(theirs) < 6 else theirs
        return found

    return click.option(
        "--columns",
        metavar=f"{known[0]}=NAME,...",
        callback=parsed,
        help="Columns by name, or by number from 1 in a file without a header.",
    )


def catalog_option(function: Function) -> Function:
    """``--catalog FILE``."""
    return click.option(
        "--catalog",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A further catalogue of data sets, merged last.",
    )(function)


def target_option(function: Function) -> Function:
    """``--catalog FILE``, for commands that write the catalogue."""
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


def models_option(function: Function) -> Function:
    """``--models NAMES``, a filter of results."""
    return click.option(
        "--models",
        multiple=True,
        metavar="NAMES",
        help="Only these models, comma-separated; repeatable [default: all].",
    )(function)


def datasets_option(function: Function) -> Function:
    """``--datasets SETS``, a filter of results."""
    return click.option(
        "--datasets",
        multiple=True,
        metavar="SETS",
        help="Only these test sets, comma-separated; repeatable [default: all].",
    )(function)


def names(given: Sequence[str]) -> list[str]:
    """Comma-separated names of a repeated option; commas inside [brackets] separate none."""
    parts = [part.strip() for text in given for part in re.split(r",(?![^\[]*\])", text)]
    return [part for part in parts if part]


def split_option(function: Function) -> Function:
    """``--split``."""
    return click.option(
        "--split",
        metavar="WHICH",
        help="official, the published split, or a FILE of `iqabench datasets splits export`.",
    )(function)


def mapping_option(function: Function) -> Function:
    """``--mapping``."""
    return click.option(
        "--mapping",
        type=click.Choice(["logistic4", "logistic5", "none"]),
        default="logistic4",
        show_default=True,
        help="Curve to the labels behind mapped PLCC and RMSE, and behind fitted residuals.",
    )(function)


def quiet_option(function: Function) -> Function:
    """``--quiet``."""
    return click.option("--quiet", is_flag=True, help="No progress; what failed is said.")(function)


def session(
    *,
    catalog: Path | None = None,
    store: Path | None = None,
    device: Device = "auto",
    precision: Precision = "fp32",
    quiet: bool = False,
    notices: bool = False,
) -> Session:
    """The session of a command, from the command's options.

    ``notices`` are lines such as those on files that were passed over; they are shown even if
    ``quiet`` switches progress off.
    """
    import iqabench
    from iqabench.cli.progress import Failures, Notices, RichWatcher
    from iqabench.cli.spreading import spread

    return iqabench.Session(
        catalog,
        store=store,
        device=device,
        precision=precision,
        watch=(Notices() if notices else Failures()) if quiet else RichWatcher(),
        spread=iqabench.Spread(**spread()),
    )


def device_option(function: Function) -> Function:
    """``--device``."""
    return _choice(
        "--device", ["auto", "cpu", "cuda", "mps"], "For networks; auto takes a GPU if any."
    )(function)


def device_options(function: Function) -> Function:
    """``--device`` and ``--precision``."""
    precision = _choice("--precision", ["fp32", "bf16"], "Of networks, in training and in testing.")
    return device_option(precision(function))


def _choice(name: str, values: list[str], text: str) -> Callable[[Function], Function]:
    """An option that takes one of some values; the first is the default."""
    return click.option(
        name, type=click.Choice(values), default=values[0], show_default=True, help=text
    )


SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".tex": "latex",
}
"""File ending -> format of the table; a name without an ending means CSV."""
OTHER_OUTPUT = {"rerun": (".yaml", ".yml"), "score": (".html", ".htm")}
"""Command -> further endings of its ``-o``."""


def writable(ctx: click.Context, parameter: click.Parameter, output: Path | None) -> Path | None:
    """A click callback that refuses an unwritable file before the work begins.

    Raises:
        UsageError: the path is a folder, its folder does not exist, or Parquet is chosen without a
            file.
    """
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise UsageError(f"cannot write {output}: no such folder", "name another place")
    if output is None and ctx.params.get("form") == PARQUET:
        raise UsageError("Parquet is no text to print", "name a file with -o")
    return output


def _table_file(ctx: click.Context, parameter: click.Parameter, path: Path | None) -> Path | None:
    """As :func:`writable`, and refuses an ending that names no format of tables.

    A page of ``score`` and the curves of ``show --plot`` are no tables.
    """
    if path is not None and not ctx.params.get("form") and not ctx.params.get("plot"):
        known = [*SUFFIXES, *OTHER_OUTPUT.get(ctx.info_name or "", ())]
        if path.suffix and path.suffix.lower() not in known:
            raise UsageError(
                f"{path}: no format of tables has this ending",
                f"end it in {', '.join(known)}, or choose with --format",
            )
    return writable(ctx, parameter, path)


def table_options(function: Function) -> Function:
    """``--format``, ``-o`` and ``--wide``."""
    function = terminal.wide_option(function)
    function = click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        metavar="FILE",
        callback=_table_file,
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
    """The format of a table: ``form`` if given, else by the file's ending, else ``table``."""
    if form is not None:
        return form
    return "table" if output is None else SUFFIXES.get(output.suffix.lower(), "csv")


def emit(
    rows: Sequence[Row],
    form: str | None,
    output: Path | None,
    columns: list[str] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Print a table, or write it to a file.

    A text table on a terminal is no wider than it, unless the command has ``--wide``. Notes
    follow a text table on the screen. In Markdown and LaTeX they follow in a file, too.

    Raises:
        UsageError: the file cannot be written.
    """
    form = chosen(form, output)
    if output is None and form == "table":
        terminal.show(rows, columns, notes)
    elif output is None:
        text = annotated(render(rows, form, columns), form, notes)
        click.echo(visible(text, keep="\n\t") if sys.stdout.isatty() else text)
    elif form == PARQUET:
        _written(output, lambda: write_parquet(rows, output, columns))
    else:
        text = annotated(render(rows, form, columns), form, notes)
        _written(output, lambda: write_text(text, output))


def put(text: str, output: Path | None) -> None:
    """Print a text, or write it to a file."""
    if output is None:
        click.echo(visible(text, keep="\n"))
    else:
        _written(output, lambda: write_text(text, output))


def _written(output: Path, write: Callable[[], Any]) -> None:
    try:
        write()
    except OSError as error:
        raise UsageError(
            f"cannot write {output}: {error.strerror}", "name another with -o"
        ) from error
    click.echo(f"wrote {output}", err=True)


def emit_set(found: Mapping[str, Any]) -> None:
    """Print facts about a data set that was written into a catalogue."""
    facts = {key: value for key, value in found.items() if key != "catalogue"}
    emit([{"fact": key, "value": value} for key, value in facts.items()], None, None)
    click.echo(f"wrote {found['catalogue']}", err=True)


def emit_table(table: Table, form: str | None, output: Path | None) -> None:
    """Print or write a report.

    CSV, JSON and Parquet have every column; the other formats have the columns that fit a screen.
    """
    chosen_form = chosen(form, output)
    if output is not None and chosen_form in ("csv", PARQUET):
        _written(output, lambda: write_frame(table.frame, chosen_form, output))
    elif is_full(form, output):
        columns = list(map(str, table.frame.columns))
        emit(records(table.frame), form, output, columns)
    else:
        columns = list(dict.fromkeys(column for row in table.rows for column in row))
        emit(table.rows, form, output, columns, table.notes)


def is_full(form: str | None, output: Path | None) -> bool:
    """Whether the format is for programs (CSV, JSON, Parquet), with every column and digit."""
    return chosen(form, output) in ("csv", "json", PARQUET)
