"""Label files of every kind the public sets use, read with one sort of complaint.

All of them are sought below the root and nowhere else (:class:`iqabench.kit.tree.Tree`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, TypeVar

from iqabench.contract import DataError
from iqabench.kit.tree import Tree
from iqabench_datasets.matlab import variables

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

T = TypeVar("T")

WHOLE = "is it whole? unpack or fetch it again"
NOT_KNOWN = ("", "NA", "N/A", "NaN", "nan", "null", "None")
"""What a number that is not known may be written as; in a column of words only a blank is."""


def text(tree: Tree, name: str) -> str:
    """A UTF-8 text file, with or without a byte order mark.

    Raises:
        DataError: it is not UTF-8.
        FileNotFoundError: it is missing.
    """
    content = tree.path(name).read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{name}, line {line}: not UTF-8", "save it as UTF-8") from error


def table(tree: Tree, name: str, words: Collection[str] = ()) -> pd.DataFrame:
    """A delimited text file with a header; commas, semicolons or tabs, as the header has most of.

    Args:
        tree: where it lies.
        name: its path below the root.
        words: columns that are text even where they look like numbers.

    Raises:
        DataError: it is not UTF-8, or a row has more fields than the header.
        FileNotFoundError: it is missing.
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
        tree: where the workbook lies.
        name: its path below the root.
        words: columns that are text even where they look like numbers.
        title: the sheet's name or place.
        form: ``header`` and ``usecols`` of :func:`pandas.read_excel`.

    Raises:
        DataError: it is no workbook or lacks the sheet.
        FileNotFoundError: it is missing.
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
        DataError: it is no MATLAB file, lacks a variable, or one holds something else.
        FileNotFoundError: it is missing.
    """
    content = tree.path(name).read_bytes()
    found = whole(name, lambda: variables(content))
    need(found, wanted, name, "variables")
    return [found[key] for key in wanted]


def need(found: Iterable[object], columns: Iterable[str], name: str, what: str = "columns") -> None:
    """Refuse a file that lacks a column.

    Raises:
        DataError: naming what it lacks and what it has.
    """
    there = list(found)
    missing = [column for column in columns if column not in there]
    if missing:
        raise DataError(
            f"{name} lacks the {what} {', '.join(missing)}",
            f"it has {', '.join(map(str, there))}",
        )


def whole(name: str, load: Callable[[], T]) -> T:
    """What ``load`` returns; whatever it raises means that the file is damaged.

    A damaged MATLAB file or workbook makes its library raise nearly anything.

    Raises:
        DataError: ``load`` raised.
    """
    try:
        return load()
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise DataError(f"{name} cannot be read: {reason}", WHOLE) from error
