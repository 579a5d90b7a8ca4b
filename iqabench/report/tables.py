"""Prints any table as text, CSV, Markdown, LaTeX or JSON, or writes it as Parquet."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.report.neutral import csv_cell, encodable, markdown_cell, unmarked
from iqabench.report.neutral import visible as visible
from iqabench.store.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""A row of a table: name of a column -> cell."""
BEST, SECOND = "best", "second"
"""Marks of a cell: a paper may print the first in bold and the second underlined."""
FORMATS = ("table", "csv", "markdown", "latex", "json")
"""Text formats."""
PARQUET = "parquet"
UNDEFINED = "-"
"""Stands for what is not defined or not known, in every table for people."""
PROXY = "proxy labels: quality comes from a full-reference measure, not from people"
FEW_CONTENTS = 30
"""With fewer contents than this, percentile intervals over contents are too narrow: in simulations
tests at a nominal level of .05 had true sizes of .08 to .14."""
FEW_NOTE = (
    f"intervals resample contents; with fewer than {FEW_CONTENTS} of them they are too narrow"
)
PARTIAL = "†"
"""Follows the name of a model that did not score all pictures."""
_TABULATE = {"markdown": "github", "latex": "latex_booktabs"}
_OPEN = {BEST: "\ue000", SECOND: "\ue001"}
_CLOSE = {BEST: "\ue002", SECOND: "\ue003"}
"""Stand for the begin and end of a mark until a cell has been escaped. They are private-use
characters, which no text contains."""
_MARKS = {
    "markdown": {BEST: ("**", "**"), SECOND: ("_", "_")},
    "latex": {BEST: (r"\textbf{", "}"), SECOND: (r"\underline{", "}")},
}
MARK_NOTES = {
    "markdown": "bold: best; italic: second best",
    "latex": "bold: best; underlined: second best",
}
"""Format -> footnote about the marks, for the formats that show marks."""


def counted(number: int, what: str) -> str:
    """A number with its noun, as in ``1 job`` and ``2 jobs``."""
    many = what.removesuffix("y") + "ies" if what.endswith("y") else what + "s"
    return f"{number} {what if number == 1 else many}"


@dataclass(frozen=True)
class Table:
    """A report: a frame with every column, rows that fit a screen, and the necessary notes."""

    frame: pd.DataFrame
    rows: Sequence[Row]
    """The rows for a screen, Markdown and LaTeX."""
    notes: Sequence[str] = ()


def render(rows: Sequence[Row], form: str, columns: list[str] | None = None) -> str:
    """The rows as text in one of :data:`FORMATS`; CSV and JSON keep all digits of numbers."""
    columns = columns or (list(rows[0]) if rows else [])
    if form == "json":
        return encodable(json.dumps([_plain(row) for row in rows], indent=1, ensure_ascii=False))
    if form == "csv":
        return _csv(rows, columns)
    if form == "table":
        return on_screen(rows, columns)[0]
    from tabulate import tabulate

    headers, body = _cells(rows, columns, markdown_cell if form == "markdown" else visible)
    text = tabulate(body, headers=headers, tablefmt=_TABULATE[form], disable_numparse=True)
    if form == "latex":  # a bracket or star behind the end of a row would belong to it
        text = re.sub(r"(?m)^( *)([\[*])", r"\1{}\2", text)
    for mark, (opening, closing) in _MARKS.get(form, {}).items():
        text = text.replace(_OPEN[mark], opening).replace(_CLOSE[mark], closing)
    return text


def on_screen(
    rows: Sequence[Row], columns: list[str] | None = None, width: int | None = None
) -> tuple[str, list[str]]:
    """The rows as text for people, and the columns that were left out to fit ``width``.

    Numbers are aligned at the right. Without ``width``, in characters, the text is as wide as its
    cells.
    """
    from iqabench.report.screen import fit, laid_out

    columns = columns or (list(rows[0]) if rows else [])
    headers, body = _cells(rows, columns, visible)
    found = fit(headers, body, width)
    body = [[row[place] for place in found.columns] for row in body]
    text = laid_out([headers[place] for place in found.columns], body, found.widths)
    left_out = [name for place, name in enumerate(headers) if place not in found.columns]
    return text, left_out


def for_terminal(
    rows: Sequence[Row],
    columns: list[str] | None,
    notes: Sequence[str],
    width: int | None,
    remedy: str,
) -> list[str]:
    """A table and its notes in texts no wider than ``width``.

    ``remedy`` says how to see the columns that were left out.
    """
    from iqabench.report.screen import named, told

    text, left_out = on_screen(rows, columns, width)
    lack = [named(left_out, remedy, width)] if left_out else []
    return [text, *lack, *(told(visible(note), width) for note in notes)]


def _cells(
    rows: Sequence[Row], columns: Sequence[str], neutral: Callable[[str], str]
) -> tuple[list[str], list[list[str]]]:
    """The headers and the cells as text in which nothing is a command to what shows it."""
    body = [[neutral(unmarked(_text(row.get(column)))) for column in columns] for row in rows]
    return [neutral(unmarked(column)) for column in columns], body


def annotated(text: str, form: str, notes: Sequence[str]) -> str:
    """A table's text with footnotes below it, in Markdown as a list and in LaTeX as comments.

    Other formats stay as they are.
    """
    if not notes or form not in ("markdown", "latex"):
        return text
    start, neutral = ("- ", markdown_cell) if form == "markdown" else ("% ", visible)
    return "\n".join([text, "", *(start + neutral(unmarked(note)) for note in notes)])


def write_parquet(rows: Sequence[Row], path: Path, columns: list[str] | None = None) -> None:
    """Write rows as a Parquet file; a column with values of several types becomes strings."""
    import pyarrow as pa
    from pyarrow import parquet

    columns = columns or (list(rows[0]) if rows else [])
    made = {column: _parquet_column([row.get(column) for row in rows]) for column in columns}
    write_atomically(path, lambda part: parquet.write_table(pa.table(made), part))


def write_frame(frame: pd.DataFrame, form: str, path: Path) -> None:
    """Write a frame as a CSV or Parquet file."""
    if form == "csv":
        text = render(records(frame), "csv", list(map(str, frame.columns)))
        write_atomically(path, lambda part: part.write_text(f"{text}\n", "utf-8", newline=""))
    else:
        write_atomically(path, lambda part: frame.to_parquet(part, index=False))


def write_text(text: str, path: Path) -> None:
    """Write a rendered table to a file; what is no plain file, such as a pipe, gets it directly."""
    if path.exists() and not path.is_file():
        path.write_text(f"{text}\n", encoding="utf-8")
    else:
        write_atomically(path, lambda part: part.write_text(f"{text}\n", encoding="utf-8"))


def _parquet_column(values: list[Any]) -> Any:
    import pyarrow as pa

    values = [encodable(value) if isinstance(value, str) else value for value in values]
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values])


def records(frame: pd.DataFrame) -> list[Row]:
    """A frame's rows as plain dictionaries."""
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def screen_rows(frame: pd.DataFrame) -> list[Row]:
    """Rows for a screen: without ``config``, and with "-" for undefined numbers."""
    return [
        {
            key: UNDEFINED if value != value else value
            for key, value in row.items()
            if key != "config"
        }
        for row in records(frame)
    ]


def share_text(value: float) -> str:
    """A share in percent as text; ``-`` if it is not defined."""
    return UNDEFINED if math.isnan(value) else f"{value:.0%}"


def part_text(row: Mapping[str, Any]) -> str:
    """The share of the pictures behind a row, as "20 of 40 pictures"; empty for all and for none.

    The row has ``n`` and ``tested``: the pictures that count and those to be scored, summed over
    repetitions.
    """
    if row["n"] in (0, row["tested"]):
        return ""
    return f"{row['n']} of {row['tested']} pictures"


def proxy_note(frame: pd.DataFrame) -> list[str]:
    """The footnote about proxy labels, if the frame's column ``labels`` has any."""
    if not (frame["labels"] == "proxy").any():
        return []
    return [PROXY]


def mapping_note(frame: pd.DataFrame) -> list[str]:
    """The footnote about the mapping, if the frame's column ``mapping`` has another than usual."""
    from iqabench.stats.mapping import DEFAULT, TITLES

    return [
        f"mapped values and fitted residuals: {TITLES[name]} (--mapping {name})"
        for name in dict.fromkeys(frame["mapping"])
        if name != DEFAULT
    ]


def interval_text(row: Row, metric: str, mark: str = "") -> str:
    """A mean with its interval as text; the row has ``METRIC_mean``, ``_low`` and ``_high``.

    ``mark`` is :data:`BEST`, :data:`SECOND` or empty; only Markdown and LaTeX show it.
    """
    mean, low, high = (row[f"{metric}_{part}"] for part in ("mean", "low", "high"))
    return with_interval(mean, low, high, mark)


def with_interval(mean: float, low: float, high: float, mark: str = "") -> str:
    """A number with its interval as text: ``-`` if undefined, ``[-]`` for an undefined interval."""
    if math.isnan(mean):
        return UNDEFINED
    told = UNDEFINED if math.isnan(low) else f"{number_text(low)}, {number_text(high)}"
    return f"{_OPEN.get(mark, '')}{number_text(mean)}{_CLOSE.get(mark, '')} [{told}]"


def milliseconds_text(seconds: float | None) -> str:
    """Seconds as milliseconds in text; ``-`` if they are not known."""
    return UNDEFINED if seconds is None or math.isnan(seconds) else f"{1000 * seconds:.1f}"


def number_text(value: float | None) -> str:
    """A number with three decimals as text; ``-`` if it is not defined."""
    return UNDEFINED if value is None or math.isnan(value) else f"{value:.3f}"


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNDEFINED
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(row: Row) -> Row:
    """The row with None in place of NaN and infinity, which JSON does not have."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }


def _csv(rows: Sequence[Row], columns: list[str]) -> str:
    import csv
    import io

    def line(cells: Sequence[Any]) -> str:
        # Python quotes a line break within a cell only if its lines end in the same character.
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\r\n").writerow(cells)
        return stream.getvalue().removesuffix("\r\n")

    cells = ([_csv_value(row.get(column)) for column in columns] for row in rows)
    return encodable("\n".join(map(line, [[csv_cell(name) for name in columns], *cells])))


def _csv_value(value: Any) -> Any:
    if value is None or value != value:
        return ""
    return csv_cell(value) if isinstance(value, str) else value
