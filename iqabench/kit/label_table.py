"""The rows of a label file, its columns by name or number, and its cells as words or numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from iqabench.contract.errors import DataError
from iqabench.kit.label_text import Row, is_number

if TYPE_CHECKING:
    import pandas as pd

NOT_KNOWN = ("", "NA", "N/A", "NaN", "nan", "null", "None")
"""Texts for a number that is not known. In a column of words, only an empty cell is not known."""
PLACES = "places"
"""The key of a table's ``attrs`` that holds its :class:`Places`."""
NOTES = "notes"
"""The key of a table's ``attrs`` that holds :attr:`Labels.notes`."""
SHOWN = 12
"""A hint shows at most this many columns."""
_FILE = re.compile(r"\.[A-Za-z]\w{1,3}\s*$")
_INTEGER = re.compile(r"[+-]?\d{1,15}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.I)
_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.ASCII | re.I)


@dataclass(frozen=True)
class Places:
    """Where the rows of a table come from; the table's index holds the numbers of their lines."""

    file: str
    unit: str
    """``line``, or ``row`` in a workbook or a Parquet file."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Column of the table -> how messages call the column of the file."""

    def of(self, number: object, column: str | None = None) -> str:
        """The file, the line, and the column if the file has it."""
        shown = self.columns.get(column or "")
        return f"{self.file}, {self.unit} {number}" + (f", column {shown}" if shown else "")

    def all_of(self, numbers: Iterable[object]) -> str:
        """The file and several lines."""
        return f"{self.file}, {self.unit}s {' and '.join(map(str, numbers))}"


@dataclass(frozen=True)
class Labels:
    """A label file of any kind, read whole."""

    name: str
    """How messages call the file."""
    rows: Sequence[Row]
    """All rows; the first is the header unless ``names`` are given or the file has none."""
    unit: Literal["line", "row"] = "line"
    names: tuple[str, ...] | None = None
    """The names of the columns in a file whose kind always names them: Parquet or JSON."""
    width: int = 0
    """The number of cells that every row has; 0 where rows are filled up with empty cells."""
    decimal_comma: bool = False
    """Whether a comma in a number can be a decimal comma."""
    notes: Sequence[str] = ()
    """What a user should know of the way in which the file was read."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, as the header has them."""
        if self.names is not None:
            return self.names
        if not self.rows:
            return ()
        names = [_word(cell) or "" for cell in self.rows[0][1]]
        names = [name.strip() for name in names]
        while names and not names[-1]:
            names.pop()
        if names and not self.headless:
            names[0] = names[0].lstrip("#") or names[0]
        return tuple(names)

    @property
    def headless(self) -> bool:
        """Whether the first row holds a number, and so is no header."""
        return self.names is None and bool(self.rows) and any(map(is_number, self.rows[0][1]))

    def shown(self) -> str:
        """The columns, for a hint."""
        if self.headless:
            cells = (
                f"{number} is {shortened(cell)}"
                for number, cell in enumerate(self.columns[:SHOWN], 1)
            )
            return (
                "it has no header; give columns by number, such as --columns image=1,...; in its "
                f"first row {', '.join(cells)}"
            )
        names = [shortened(name) for name in self.columns if name]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        return f"it has {', '.join(names[:SHOWN]) or 'none'}{more}"

    def need(self, columns: Iterable[str]) -> None:
        """Refuse the file if it lacks a column; the error names those missing and those present."""
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise DataError(f"{self.name} lacks the columns {', '.join(missing)}", self.shown())

    def frame(
        self,
        columns: Mapping[str, str | int],
        numbers: Collection[str] = (),
        headed: bool | None = None,
    ) -> pd.DataFrame:
        """A table of some columns.

        The table's index holds the number of each row's line, and its ``attrs`` the
        :class:`Places`. In a column of numbers, a number that is not known is NaN, and a cell that
        holds no number stays text, so that who uses the table can refuse it.

        Args:
            columns: name in the table -> name or number, from 1, of the column in the file.
            numbers: names in the table of columns of numbers; the others hold words.
            headed: whether the first row is a header. None takes it as one if a column is chosen
                by name, or if it has other words where numbers are wanted and names no file; a note
                says so.

        Raises:
            DataError: a column is missing or has the name of another, a row is too short or too
                long, a cell of words holds something else, or a number is ambiguous.
        """
        import pandas as pd

        names = {ours: theirs for ours, theirs in columns.items() if isinstance(theirs, str)}
        self.need(names.values())
        at = {
            ours: self._place(theirs) if isinstance(theirs, str) else self._numbered(theirs)
            for ours, theirs in columns.items()
        }
        notes = [*self.notes]
        if headed is None and not names and (headed := self._heads(at, numbers)):
            notes.append(f"{self.name}: {self.unit} {self.rows[0][0]} was taken as the header")
        headed = headed is not False and self.names is None
        rows = self.rows[1:] if headed else self.rows
        called = self.columns if headed or self.names is not None else ()
        self._check(rows, len(called) or self.width, headed)
        places = Places(self.name, self.unit, _shown(at, called))
        lines = [line for line, _ in rows]
        found: dict[str, Sequence[object]] = {}
        for ours, place in at.items():
            cells = [cells[place] if place < len(cells) else None for _, cells in rows]
            if ours in numbers:
                found[ours] = _numbers(cells, lines, places, ours, self.decimal_comma)
            else:
                found[ours] = _words(cells, lines, places, ours)
        table = pd.DataFrame(found, index=lines)
        table.attrs |= {PLACES: places, NOTES: tuple(notes)}
        return table

    def _place(self, name: str) -> int:
        places = [place for place, other in enumerate(self.columns) if other == name]
        if len(places) > 1:
            numbers = " and ".join(str(place + 1) for place in places)
            raise DataError(
                f"{self.name} has {len(places)} columns '{name}': columns {numbers}",
                f"rename one, or choose one by its number: --columns ...={places[0] + 1}",
            )
        return places[0]

    def _numbered(self, number: int) -> int:
        most = max(len(self.columns), self.width)
        if not 1 <= number <= most:
            raise DataError(f"{self.name} has no column {number}", f"it has {most} columns")
        return number - 1

    def _heads(self, at: Mapping[str, int], numbers: Collection[str]) -> bool:
        """Whether the first row is a header: where numbers are wanted it has other words."""
        places = [at[ours] for ours in at if ours in numbers]
        if len(self.rows) < 2 or not places or self.headless or self.names is not None:
            return False
        if any(_FILE.search(str(cell)) for cell in self.rows[0][1]):
            return False
        cells = [self.rows[0][1][place] for place in places if place < len(self.rows[0][1])]
        return all(_word(cell) not in (None, *NOT_KNOWN) for cell in cells)

    def _check(self, rows: Sequence[Row], width: int, headed: bool) -> None:
        """Refuse a row of another number of cells. Only delimited text can have short rows.

        A header of spreadsheets may end with cells that are empty, as the rows then do.
        """
        most = len(self.rows[0][1]) if headed else width
        for line, cells in rows:
            used = len(cells)
            if not self.width or used == most:
                while used > width and cells[used - 1] in (None, ""):
                    used -= 1
            if used > width or (self.width and used < width):
                what = f"{used} field{'s' if used != 1 else ''}"
                raise DataError(
                    f"{self.name}, {self.unit} {line}: {what}, not {width}",
                    "every row has as many fields as the first; a field that holds the separator "
                    "is quoted",
                )


def _shown(at: Mapping[str, int], called: Sequence[str]) -> dict[str, str]:
    """How messages call columns: by name, or by number where they have none."""
    return {
        ours: f"'{called[place]}'" if place < len(called) else str(place + 1)
        for ours, place in at.items()
    }


def shortened(cell: object) -> str:
    """A cell as a message shows it."""
    text = str(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _word(cell: object) -> str | None:
    """A cell as text; None if it is empty."""
    if isinstance(cell, str):
        return cell or None
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return None
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell) or None


def _words(
    cells: Sequence[object], lines: Sequence[int], places: Places, column: str
) -> list[str | None]:
    if strange := {bytes, list, dict} & set(map(type, cells)):
        line, cell = next(
            (line, cell) for line, cell in zip(lines, cells, strict=True) if type(cell) in strange
        )
        what = type(cell).__name__
        raise DataError(f"{places.of(line, column)}: {what}, no text", "write it as text")
    found = [_word(cell) for cell in cells]
    given = [word for word in found if word is not None]
    if given and all(word.startswith(" ") for word in given):  # the column is padded
        found = [word.lstrip() or None if word else None for word in found]
    if given and all(word.endswith(" ") for word in given):
        found = [word.rstrip() or None if word else None for word in found]
    return found


def _counts(cell: object) -> bool:
    """Whether a text is a whole number without a sign, as most columns of integers hold."""
    text = str(cell)
    return len(text) <= 15 and text.isascii() and text.isdigit()


def _numbers(
    cells: Sequence[object],
    lines: Sequence[int],
    places: Places,
    column: str,
    decimal_comma: bool,
) -> list[object]:
    if set(map(type, cells)) == {str} and all(map(_counts, cells)):
        return [int(str(cell)) for cell in cells]  # there may be millions of them
    texts = [cell.strip() for cell in cells if isinstance(cell, str)]
    points = any("." in text and _NUMBER.fullmatch(text) for text in texts)
    found: list[object] = []
    for line, cell in zip(lines, cells, strict=True):
        if isinstance(cell, str) and "," in cell and is_number(cell.replace(",", "")):
            if not decimal_comma or points or not _COMMA.fullmatch(cell.strip()):
                raise DataError(
                    f"{places.of(line, column)}: '{cell.strip()}' is ambiguous",
                    "write decimals with a point and no separator of thousands; decimal commas are "
                    "read if semicolons or tabs separate the columns, and no number has a point",
                )
            cell = cell.replace(",", ".")
        found.append(number(cell))
    return found


def number(cell: object) -> object:
    """A cell as a number, None if it is not known, else as it is, in text."""
    if isinstance(cell, bool) or cell is None:
        return cell if cell is None else str(cell)
    if isinstance(cell, int | float | Decimal):
        value = cell if isinstance(cell, int) and abs(cell) < 10**15 else float(cell)
        return None if isinstance(value, float) and math.isnan(value) else value
    text = str(cell).strip()
    if text in NOT_KNOWN:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
