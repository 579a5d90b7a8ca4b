"""Reads label files of every kind that the public sets use. A damaged file raises a DataError.

What a file is, its content tells, not its name: delimited text, JSON or JSON Lines, Parquet, an
Excel workbook, each plain or packed by itself; or a MATLAB file, which has variables in place of
columns. Files are looked for below the root only (:class:`iqabench.kit.tree.Tree`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from iqabench.contract.errors import DataError, IqabenchError
from iqabench.kit.label_records import from_json, from_parquet, from_workbook
from iqabench.kit.label_table import NOTES as NOTES
from iqabench.kit.label_table import PLACES as PLACES
from iqabench.kit.label_table import Labels as Labels
from iqabench.kit.label_table import Places as Places
from iqabench.kit.label_table import shortened as shortened
from iqabench.kit.label_text import SPACE, decoded, delimited
from iqabench.kit.matlab import variables
from iqabench.kit.packed import unpacked
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

T = TypeVar("T")

WHOLE = "is it whole? unpack or fetch it again"
KINDS = "CSV or other delimited text, JSON, JSON Lines, Parquet or xlsx is wanted"
_ZIP, _PARQUET, _OLD_OFFICE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"


def labels(
    content: bytes,
    name: str,
    *,
    sheet: str | None = None,
    first: int = 1,
    columns: slice = slice(None),
) -> Labels:
    """The rows of a label file of any kind but MATLAB's.

    Args:
        content: the file.
        name: how messages call it.
        sheet: the sheet of a workbook; None takes the first one.
        first: the row of a sheet, from 1, that holds the header.
        columns: the columns of a sheet that are read, from 0.

    Raises:
        DataError: the file is cut off or damaged, or is of no known kind.
    """
    content = unpacked(content, name)
    if content.startswith(_PARQUET):
        return whole(name, lambda: from_parquet(content, name))
    if content.startswith(_ZIP):
        return whole(name, lambda: from_workbook(content, name, sheet, first, columns))
    if content.startswith(_OLD_OFFICE):
        raise DataError(f"{name} cannot be read: an old Excel workbook", "save it as .xlsx")
    if sheet is not None or name.lower().endswith((".xlsx", ".parquet")):
        kind = "Parquet file" if name.lower().endswith(".parquet") else "Excel workbook"
        raise DataError(f"{name} cannot be read: it is no {kind}", WHOLE)
    text, notes = decoded(content, name)
    if text.lstrip()[:1] in ("[", "{"):
        return whole(name, lambda: from_json(text, name, notes))
    found = delimited(text, name)
    if found.comments:
        lines = ", ".join(map(str, found.comments[:3])) + ", ..." * (len(found.comments) > 3)
        notes.append(f"{name}: {len(found.comments)} comments passed over (lines {lines})")
    return Labels(
        name,
        found.rows,
        width=found.width,
        decimal_comma=found.separator in ("\t", ";", "|", SPACE),
        notes=notes,
    )


def load(path: Path, name: str | None = None) -> Labels:
    """The label file at a path that a user gave, as :func:`labels` reads it.

    Raises:
        DataError: it is no file or cannot be read.
    """
    if is_there(path) and not path.is_file():
        raise DataError(f"cannot read {path}: it is no file", KINDS)
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}", KINDS) from error
    return labels(content, name or path.name)


def is_there(path: Path) -> bool:
    """Whether a path that a user gave exists; a path that cannot exist does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def table(
    tree: Tree,
    name: str,
    words: Collection[str],
    numbers: Collection[str] = (),
    need: Collection[str] = (),
    **sheet: Any,
) -> pd.DataFrame:
    """The columns of a label file that a reader knows, as far as the file has them.

    Args:
        tree: the set's folder.
        name: the file's path below the root.
        words: columns of text, even if it looks like numbers.
        numbers: columns of numbers.
        need: the columns that the file must have.
        sheet: ``sheet``, ``first`` and ``columns`` of :func:`labels`.

    Raises:
        DataError: see :func:`labels` and :meth:`.Labels.frame`; or a needed column is missing.
        FileNotFoundError: the file is missing.
    """
    found = labels(tree.path(name).read_bytes(), name, **sheet)
    found.need(need)
    there = {column: column for column in (*words, *numbers) if column in found.columns}
    return found.frame(there, numbers)


def text_table(
    tree: Tree, name: str, columns: dict[str, int], numbers: Collection[str]
) -> pd.DataFrame:
    """The columns of a label file without a header: name -> number, from 1.

    Raises:
        DataError: see :func:`labels` and :meth:`.Labels.frame`.
        FileNotFoundError: the file is missing.
    """
    return labels(tree.path(name).read_bytes(), name).frame(columns, numbers, headed=False)


def matlab(tree: Tree, name: str, *wanted: str) -> list[NDArray[Any]]:
    """Variables of a MATLAB file, each flattened: numbers as float64, cells of names as str.

    Raises:
        DataError: the file is no MATLAB file, or lacks a variable of numbers or names.
        FileNotFoundError: the file is missing.
    """
    content = tree.path(name).read_bytes()
    found = whole(name, lambda: variables(content))
    _need(found, wanted, name)
    return [found[key] for key in wanted]


def _need(found: Iterable[object], wanted: Iterable[str], name: str) -> None:
    there = list(found)
    missing = [variable for variable in wanted if variable not in there]
    if missing:
        raise DataError(
            f"{name} lacks the variables {', '.join(missing)}",
            f"it has {', '.join(map(str, there))}",
        )


def whole(name: str, read: Callable[[], T]) -> T:
    """The result of ``read``. Any exception that it raises means that the file is damaged.

    On a damaged MATLAB file or workbook, a library may raise almost any type of exception.

    Raises:
        DataError: ``read`` raised.
    """
    try:
        return read()
    except IqabenchError:
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{name} cannot be read: {reason}", WHOLE) from error
