"""Reads label files of every kind that the public sets use. A damaged file raises a DataError.

Files are looked for below the root only (:class:`iqabench.kit.tree.Tree`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, TypeVar

from iqabench.contract.errors import DataError
from iqabench.kit.matlab import variables
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

T = TypeVar("T")

WHOLE = "is it whole? unpack or fetch it again"
NOT_KNOWN = ("", "NA", "N/A", "NaN", "nan", "null", "None")
"""Texts for a number that is not known. In a column of words, only an empty cell is not known."""


def text(tree: Tree, name: str) -> str:
    """The content of a UTF-8 text file, with or without a byte order mark.

    Raises:
        DataError: the file is not UTF-8.
        FileNotFoundError: the file is missing.
    """
    content = tree.path(name).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}, line {line}: not UTF-8", "save it as UTF-8") from error


def table(tree: Tree, name: str, words: Collection[str] = ()) -> pd.DataFrame:
    """The table in a delimited text file with a header.

    The separator is the comma, semicolon or tab, whichever occurs most often in the header.

    Args:
        tree: the set's folder.
        name: the file's path below the root.
        words: columns to read as text, even if their values look like numbers.

    Raises:
        DataError: the file is not UTF-8 or is damaged, or a row has more fields than the header.
        FileNotFoundError: the file is missing.
    """
    import pandas as pd

    content = text(tree, name)
    form: dict[str, Any] = {
        "sep": max(",;\t", key=content.partition("\n")[0].count),
        "skipinitialspace": True,
    }

    def load() -> pd.DataFrame:
        header = pd.read_csv(StringIO(content), nrows=0, **form).columns
        kinds = dict.fromkeys((column for column in header if column in words), str)
        blanks = {column: [""] if column in kinds else [*NOT_KNOWN] for column in header}
        rows: pd.DataFrame = pd.read_csv(
            StringIO(content),
            dtype=kinds,
            keep_default_na=False,
            na_values=blanks,
            low_memory=False,
            **form,
        )
        return rows

    found = whole(name, load)
    if not isinstance(found.index, pd.RangeIndex):
        raise DataError(f"{name}: rows have more fields than the header", "name every column")
    return found


def sheet(
    tree: Tree, name: str, words: Collection[str], title: str | int = 0, **form: Any
) -> pd.DataFrame:
    """A sheet of an Excel workbook, without its empty rows.

    Args:
        tree: the set's folder.
        name: the workbook's path below the root.
        words: columns to read as text, even if their values look like numbers.
        title: the sheet's name, or its number from 0.
        form: ``header`` and ``usecols`` of :func:`pandas.read_excel`.

    Raises:
        DataError: the file is no workbook or lacks the sheet.
        FileNotFoundError: the file is missing.
    """
    import pandas as pd

    content = BytesIO(tree.path(name).read_bytes())

    def load() -> pd.DataFrame:
        return pd.read_excel(
            content, sheet_name=title, dtype=dict.fromkeys(words, str), engine="openpyxl", **form
        )

    return whole(name, load).dropna(how="all", ignore_index=True)


def matlab(tree: Tree, name: str, *wanted: str) -> list[NDArray[Any]]:
    """Variables of a MATLAB file, each flattened: numbers as float64, cells of names as str.

    Raises:
        DataError: the file is no MATLAB file, or lacks a variable of numbers or names.
        FileNotFoundError: the file is missing.
    """
    content = tree.path(name).read_bytes()
    found = whole(name, lambda: variables(content))
    need(found, wanted, name, "variables")
    return [found[key] for key in wanted]


def need(found: Iterable[object], columns: Iterable[str], name: str, what: str = "columns") -> None:
    """Refuse a file that lacks a column.

    Raises:
        DataError: a column is missing; the error names the missing and the present columns.
    """
    there = list(found)
    missing = [column for column in columns if column not in there]
    if missing:
        raise DataError(
            f"{name} lacks the {what} {', '.join(missing)}",
            f"it has {', '.join(map(str, there))}",
        )


def whole(name: str, load: Callable[[], T]) -> T:
    """The result of ``load``. Any exception that it raises means that the file is damaged.

    On a damaged MATLAB file or workbook, a library may raise almost any type of exception.

    Raises:
        DataError: ``load`` raised.
    """
    try:
        return load()
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{name} cannot be read: {reason}", WHOLE) from error
