"""Reads label files that are no delimited text: JSON, JSON Lines, Parquet and Excel workbooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from iqabench.contract.errors import DataError
from iqabench.kit.label_table import Labels
from iqabench.kit.label_text import Row

RECORDS = 'a list of records, such as [{"image": "a.png", "mos": 3.5}], or one record a line'
ROWS = 2**20
"""A sheet has at most this many rows."""
_SPACE = re.compile(r"[\s,]*")
_INDEX = re.compile(r"__index_level_\d+__")
"""The name that pandas gives a nameless index in a Parquet file."""


def from_json(text: str, name: str, notes: list[str]) -> Labels:
    """The table in a JSON list of records, or in JSON Lines.

    Numbers stay as they are written, so that a name such as 001 or 1e5 is not changed.

    Raises:
        DataError: the text is no JSON or no list of records, or a record has a key twice.
    """
    found: list[tuple[int, dict[str, Any]]] = []
    for line, value in _values(text, name):
        if not isinstance(value, dict):
            raise DataError(f"{name}, line {line}: no record", f"JSON holds {RECORDS}")
        found.append((line, value))
    names = tuple(dict.fromkeys(key for _, record in found for key in record))
    rows: list[Row] = [(line, [record.get(key) for key in names]) for line, record in found]
    return Labels(name, rows, names=names, notes=notes)


def _values(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """The line and the value of each member of a list, or of each value in turn."""

    def record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise DataError(f"{name}: a record has two values '{twice}'", "keep one of them")
        return dict(pairs)

    decoder = json.JSONDecoder(
        object_pairs_hook=record, parse_float=str, parse_int=str, parse_constant=str
    )
    at = line = 0
    ends = len(text.rstrip())
    listed = text.lstrip().startswith("[")
    if listed:
        at, ends = text.index("[") + 1, ends - 1
        if text[ends] != "]":
            raise DataError(f"{name} is cut off: its list does not end", "fetch it again")
    before = 0
    while True:
        at = _after_space(text, at)
        if at >= ends:
            return
        line += text.count("\n", before, at)
        before = at
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            problem = getattr(error, "msg", "nested too deeply")
            where = getattr(error, "lineno", line + 1)
            raise DataError(
                f"{name}, line {where}: no JSON: {problem}", f"JSON holds {RECORDS}"
            ) from error
        yield line + 1, value


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def from_parquet(content: bytes, name: str) -> Labels:
    """The table in a Parquet file, without a nameless index."""
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(BytesIO(content))
    kept = [at for at, column in enumerate(table.column_names) if not _INDEX.fullmatch(column)]
    columns = [table.column(at).to_pylist() for at in kept]
    rows = enumerate(zip(*columns, strict=True), 1)
    return Labels(name, [*rows], "row", names=tuple(table.column_names[at] for at in kept))


def from_workbook(
    content: bytes, name: str, title: str | None, first: int, columns: slice
) -> Labels:
    """A sheet of an Excel workbook, without its empty rows.

    Args:
        content: the workbook.
        name: how messages call it.
        title: the name of the sheet; None takes the first one.
        first: the number, from 1, of the row that holds the header.
        columns: the columns to take, from 0.

    Raises:
        DataError: the workbook lacks the sheet, or a row has a number that no row can have.
    """
    import openpyxl

    book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    titles = [sheet.title for sheet in book.worksheets]
    title = title or titles[0]
    if title not in titles:
        raise DataError(f"{name} lacks the sheet {title}", f"it has {', '.join(titles)}")
    sheet = book.worksheets[titles.index(title)]
    sheet.reset_dimensions()
    rows: list[Row] = []
    for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if line > ROWS:
            raise DataError(f"{name}: the sheet {title} has too many rows", "is it whole?")
        cells = [None if cell == "" else cell for cell in cells[columns]]
        if line >= first and any(cell is not None for cell in cells):
            rows.append((line, cells))
    notes = [f"{name} has {len(titles)} sheets; {title} was read"] if len(titles) > 1 else []
    return Labels(name, rows, "row", notes=notes)
