"""Fits a table of text to the width of a terminal: wraps words, and leaves columns out."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

GAP = 2
"""Blanks between two columns."""
NARROWEST = 16
"""A column of words is not made narrower than this while another column can go."""
LESS_IMPORTANT = ("plugin", "licence", "options", "trained on", "saliency", "root", "IDs", "MB")
"""Columns that go before those at the right end of a table, the first named first."""
ESSENTIAL = ("SROCC [95%]", "srocc", "score", "quality", "prediction", "error")
"""Columns that go last, wherever they stand."""
_NUMBER = re.compile(
    r"[<~+-]?(\d[\d,]*\.?\d*|\.\d+)(e[+-]?\d+)?( ?%| ?s)?(/\d+)?( \[.*\])?|-|\?|nan|inf"
)


@dataclass(frozen=True)
class Fitted:
    """What of a table a terminal shows."""

    columns: list[int]
    """The places of the columns that are shown, in their order."""
    widths: list[int | None]
    """For each of them the number of characters at which its cells wrap; None: never."""


def is_number(cell: str) -> bool:
    """Whether a cell is a number, perhaps with a unit or an interval, or stands for a missing one.

    >>> is_number("0.813 [0.705, 0.902]"), is_number("4/4"), is_number("split 423a9017")
    (True, True, False)
    """
    return _NUMBER.fullmatch(cell) is not None


def numeric(cells: Sequence[str]) -> bool:
    """Whether a column holds numbers, which are aligned at the right and never wrapped."""
    return all(map(is_number, cells)) and any(cell != "-" for cell in cells)


def fit(headers: Sequence[str], body: Sequence[Sequence[str]], width: int | None) -> Fitted:
    """Choose columns and their widths so that no line of the table is longer than ``width``.

    Without a width everything is shown. Words wrap first; if that is not enough, the least
    important columns go. The first column stays and wraps like any other if it is wider than the
    terminal by itself.
    """
    columns = list(range(len(headers)))
    if width is None:
        return Fitted(columns, [None] * len(columns))
    cells = [[row[place] for row in body] for place in columns]
    natural = [max(map(cell_len, [headers[place], *cells[place]])) for place in columns]
    least = [_least(headers[place], cells[place], natural[place]) for place in columns]
    while len(columns) > 1 and _whole([least[place] for place in columns]) > width:
        columns.remove(_victim(headers, columns))
    shown = [natural[place] for place in columns]
    if len(columns) == 1:
        least[0] = 1
    words = [
        max(least[place], min(_longest_word(cells[place]), natural[place])) for place in columns
    ]
    for lower in (words, [least[place] for place in columns]):  # words are cut only if they must
        _shrink(shown, lower, width)
    wraps = [wide < natural[place] for place, wide in zip(columns, shown, strict=True)]
    return Fitted(
        columns, [wide if wrap else None for wide, wrap in zip(shown, wraps, strict=True)]
    )


def _shrink(widths: list[int], lower: Sequence[int], most: int) -> None:
    """Make the widest columns narrower until the table fits, none below its ``lower``."""
    while (excess := _whole(widths) - most) > 0:
        open_ones = [place for place, wide in enumerate(widths) if wide > lower[place]]
        if not open_ones:
            return
        widest = max(open_ones, key=lambda place: widths[place])
        second = max((wide for wide in widths if wide < widths[widest]), default=0)
        step = widths[widest] - max(lower[widest], second)
        widths[widest] -= min(step, excess)


def _longest_word(cells: Sequence[str]) -> int:
    return max((cell_len(word) for cell in cells for word in cell.split()), default=0)


def laid_out(
    headers: Sequence[str], body: Sequence[Sequence[str]], widths: Sequence[int | None]
) -> str:
    """The table as text: numbers at the right, cells wrapped at the widths that are not None."""
    from tabulate import tabulate

    columns = [[row[place] for row in body] for place in range(len(headers))]
    rules = [
        "-" * (width or max(map(cell_len, [header, *cells])))
        for header, cells, width in zip(headers, columns, widths, strict=True)
    ]
    # tabulate would set wider gaps beside its own headers.
    return tabulate(
        [headers, rules, *body],
        tablefmt="plain",
        disable_numparse=True,
        colalign=["right" if numeric(cells) else "left" for cells in columns],
        maxcolwidths=list(widths) if any(widths) else None,
    )


def told(line: str, width: int | None) -> str:
    """A line of text, wrapped at words if it is wider than the terminal."""
    if width is None or cell_len(line) <= width:
        return line
    return textwrap.fill(line, width, subsequent_indent="  ", break_on_hyphens=False)


def named(names: Sequence[str], remedy: str, width: int | None) -> str:
    """The line on columns that are not shown; it names as many as fit, in ``width`` characters."""
    for count in range(len(names), 0, -1):
        more = len(names) - count
        listed = ", ".join(names[:count]) + (f" and {more} more" if more else "")
        line = f"not shown: {listed} ({remedy})"
        if width is None or cell_len(line) <= width:
            return line
    return told(f"{len(names)} columns not shown ({remedy})", width)


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _least(header: str, cells: Sequence[str], natural: int) -> int:
    """The number of characters that a column needs: that of its cells, unless they hold words."""
    title = _longest_word([header])
    words = any(" " in cell or len(cell) > 2 * NARROWEST for cell in cells)
    whole = [cell for cell in cells if is_number(cell)] if words and not numeric(cells) else cells
    least = max(map(cell_len, whole), default=0)
    return min(natural, max(title, least, NARROWEST if whole is not cells else 0))


def _victim(headers: Sequence[str], columns: Sequence[int]) -> int:
    """The column to leave out next; never the first one."""
    for name in LESS_IMPORTANT:
        for place in columns[1:]:
            if headers[place] == name:
                return place
    less = [place for place in columns[1:] if headers[place] not in ESSENTIAL]
    return less[-1] if less else columns[-1]
