"""Decodes text files and splits delimited text into rows that know their lines."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO

from iqabench.contract.errors import DataError

Row = tuple[int, Sequence[object]]
"""The number of the line on which a row begins, and the row's cells."""

SEPARATORS = ("\t", ";", "|", ",")
"""The first one wins where several split the rows equally well: a comma may be a decimal comma."""
SPACE, NONE = " ", "\x1f"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE = "save it as UTF-8"


@dataclass(frozen=True)
class Delimited:
    """The rows of a delimited text, without blank rows and comments."""

    separator: str
    rows: Sequence[Row]
    width: int
    """Number of cells of most rows."""
    comments: Sequence[int]
    """The lines of the comments."""


def decoded(content: bytes, name: str) -> tuple[str, list[str]]:
    """The text of a file, without its byte order mark, and what a user should know of it.

    UTF-8 and UTF-16 are recognised; other text is taken as Windows-1252, which agrees with Latin-1.

    Raises:
        DataError: the file is no text.
    """
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), None)
    guessed = encoding is None and b"\0" in content
    if guessed:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        found = content.decode(encoding or "utf-8")
        if guessed and "\0" in found:
            raise DataError(f"{name} is no text file", "is it a label file?")
        return found, []
    except UnicodeDecodeError as error:
        if guessed:
            raise DataError(f"{name} is no text file", "is it a label file?") from error
        line = content.count(b"\n", 0, error.start) + 1
        if encoding is not None:
            what = encoding.removesuffix("-sig").upper()
            raise DataError(f"{name}, line {line}: not {what}", _SAVE) from error
    try:
        found = content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}, line {line}: not UTF-8 nor Windows-1252", _SAVE) from error
    if any(letter < " " and letter not in "\t\n\r\f" for letter in found):
        raise DataError(f"{name}, line {line}: not UTF-8, and no other text", _SAVE)
    return found, [f"{name} is not UTF-8 (line {line}); it was read as Windows-1252"]


def delimited(text: str, name: str) -> Delimited:
    """Split a text at the separator that splits most rows alike.

    Cells may be quoted as in RFC 4180, with separators and line breaks inside. A line that begins
    with ``#`` is a comment if a space follows or if it has another number of cells than most rows.

    Raises:
        DataError: a quoted cell does not end, or is followed by other text.
    """
    if not text.strip():
        raise DataError(f"cannot read {name}: it is empty", "is it a label file?")
    best, failure = None, None
    for separator in (*SEPARATORS, SPACE, NONE):
        if separator not in text and separator != NONE:
            continue
        if separator == NONE and best is not None:
            break
        if separator == SPACE and best is not None and best[0] == 1:
            break
        try:
            found = _split(text, separator, name)
        except DataError as error:
            failure = failure or error
            continue
        alike = sum(len(cells) == found.width for _, cells in found.rows) / len(found.rows or "1")
        if found.width > 1 or separator == NONE:
            rank = (alike, found.width)
            if best is None or rank > best[:2]:
                best = (*rank, found)
    if best is None or (best[2].separator == NONE and failure is not None):
        raise failure or DataError(f"{name} has no columns", "is it a label file?")
    return best[2]


def _split(text: str, separator: str, name: str) -> Delimited:
    first = next((line for line in StringIO(text) if line.strip()), "")
    padded = first.count(separator) == first.count(separator + " ")
    reader = csv.reader(
        StringIO(text, newline=""),
        delimiter=separator,
        skipinitialspace=padded or separator == SPACE,
        strict=True,
    )
    found: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if separator == SPACE:
                cells = [cell for place, cell in enumerate(cells) if cell or place + 1 < len(cells)]
            if any(cell.strip() for cell in cells):
                found.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}, line {line}: cannot be read: {error}", "is a quote missing?"
        ) from error
    sizes = Counter(len(cells) for _, cells in found if not cells[0].startswith("#"))
    width = max(sizes, key=lambda size: (sizes[size], size), default=0)
    return _without_comments(found, separator, width)


def _without_comments(
    found: Sequence[tuple[int, list[str]]], separator: str, width: int
) -> Delimited:
    rows: list[Row] = []
    comments: list[tuple[int, list[str]]] = []
    for line, cells in found:
        start = cells[0].lstrip()
        comment = start.startswith("#") and (len(cells) != width or start[1:2] in ("", " ", "#"))
        (comments if comment else rows).append((line, cells))
    above = [comment for comment in comments if rows and comment[0] < rows[0][0]]
    if above and not any(map(is_number, above[-1][1])) and any(map(is_number, rows[0][1])):
        line, cells = above[-1]  # as numpy.savetxt writes a header
        header = [cells[0].lstrip("# "), *cells[1:]]
        header = header[1:] if separator == SPACE and not header[0] else header
        if len(header) == width > 1:
            comments.remove(above[-1])
            rows.insert(0, (line, header))
    return Delimited(separator, rows, width, [line for line, _ in comments])


def is_number(cell: object) -> bool:
    """Whether a cell holds a number, with a decimal point or a decimal comma."""
    try:
        float(str(cell).strip().replace(",", ".", 1))
    except ValueError:
        return False
    return True
