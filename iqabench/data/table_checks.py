"""Checks of a reader's table. An error names the first wrong picture and says what to do."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from iqabench.contract import datasets as columns
from iqabench.contract.errors import DataError
from iqabench.kit.label_files import PLACES, Places
from iqabench.kit.tree import Tree, composed

if TYPE_CHECKING:
    import pandas as pd

LEAST = {"mos_std": 0, "raters": 1}
FILES = {"saliency": "saliency map", "fixations": "fixation file"}


def known(names: Iterable[object], labelled: bool) -> tuple[list[str], list[str]]:
    """Required columns that are missing, and columns that are not canonical."""
    there = list(map(str, names))
    required = columns.REQUIRED if labelled else columns.UNLABELLED
    missing = [name for name in required if name not in there]
    return missing, [name for name in there if name not in (*required, *columns.OPTIONAL)]


def names(table: pd.DataFrame, labelled: bool) -> None:
    """Check that all columns are canonical, no required column is missing, and there are rows."""
    missing, unknown = known(table, labelled)
    if missing or unknown:
        raise DataError(
            f"the reader's table lacks {missing} and has unknown {unknown}",
            "see iqabench.contract.datasets for the canonical columns",
        )
    if not len(table):
        raise DataError("no rows", "is the label file empty?")


def words(table: pd.DataFrame, name: str) -> pd.Series:
    """A column as text. An empty cell becomes a missing value.

    Raises:
        DataError: the column holds bytes; or a cell is empty in ``image``, ``reference``,
            ``content`` or ``official_split``, which must have a value in every row.
    """
    try:
        found = table[name].astype(str)
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no column of text", "write it as text, not as bytes") from error
    given = table[name].notna() & (found != "")
    if not given.all() and name in columns.REQUIRED:
        place = _place(table, given.idxmin(), name) or f"row {given.argmin() + 1}"
        raise DataError(f"{place} names no {name}", "fill it in or drop the row")
    if not given.all() and name in ("reference", "content", "official_split"):
        raise DataError(
            f"no {name} for {table['image'].iloc[given.argmin()]}"
            + _behind(table, given.idxmin(), name),
            "fill it in or drop the column",
        )
    return found.where(given)


def numbers(table: pd.DataFrame, name: str) -> pd.Series:
    """A column as finite numbers. A missing value is allowed in every column except ``mos``.

    Raises:
        DataError: a cell holds no finite number or a number below :data:`LEAST`, or a score is
            missing.
    """
    import numpy as np
    import pandas as pd

    if table[name].dtype.kind in "bcmM":
        raise DataError(f"{name} is a column of {table[name].dtype}", "one number per image")
    try:
        found = pd.to_numeric(table[name], errors="coerce")
        if name in columns.REQUIRED or found.isna().any():
            found = found.astype(float)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} is no column of numbers", "one number per image") from error
    _refuse(table, name, found.isna() & table[name].notna(), "no numbers")
    _refuse(table, name, np.isinf(found), "not finite")
    if name in columns.REQUIRED:
        _refuse(table, name, found.isna(), "not finite")
    if name in LEAST:
        _refuse(table, name, found < LEAST[name], f"below {LEAST[name]}")
    return found


def _refuse(table: pd.DataFrame, name: str, bad: pd.Series, what: str) -> None:
    if bad.any():
        first = table.loc[bad].iloc[0]
        raise DataError(
            f"{bad.sum()} {'scores' if name == 'mos' else f'values of {name}'} are {what}, "
            f"first {first['image']}: {str(first[name])!r}" + _behind(table, first.name, name),
            "mend the labels",
        )


def _place(table: pd.DataFrame, line: object, column: str) -> str:
    """Where a row comes from: file, line and column; empty if the reader does not say."""
    places: Places | None = table.attrs.get(PLACES)
    return "" if places is None else places.of(line, column)


def _behind(table: pd.DataFrame, line: object, column: str) -> str:
    place = _place(table, line, column)
    return f" ({place})" if place else ""


def once(table: pd.DataFrame) -> None:
    """Check that no image is listed twice."""
    images = table["image"]
    twice = images[images.duplicated()]
    if len(twice):
        first = twice.iloc[0]
        lines = images.index[images == first]
        places: Places | None = table.attrs.get(PLACES)
        where = f" ({places.all_of(lines)})" if places is not None else ""
        raise DataError(
            f"{len(twice)} images are listed twice, first {first}{where}", "one row per image"
        )


def paths(named: pd.Series, what: str, tree: Tree) -> pd.Series:
    """A column of paths in their shortest form. Check that each file exists below the root.

    Pictures are named in Unicode's form C, so that a set is the same on every system; other files
    are named as the folders name them.
    """
    short = {name: posixpath.normpath(name) for name in named.dropna().unique()}
    absent = [name for given, name in short.items() if not (tree.has(given) or tree.has(name))]
    if absent:
        files = f"{FILES.get(what, what)}s"
        raise DataError(
            f"{len(absent)} of {len(short)} {files} are missing, first {absent[0]}",
            _where(absent[0], tree),
        )
    form = composed if what in ("image", "reference") else tree.written
    return named.map({given: form(name) for given, name in short.items()}, na_action="ignore")


def official(parts: pd.Series) -> None:
    """Check that an official split names known parts only."""
    unknown = sorted(set(parts) - set(columns.SPLIT_NAMES))
    if unknown:
        raise DataError(
            f"unknown official split '{unknown[0]}'", f"one of {', '.join(columns.SPLIT_NAMES)}"
        )


def _where(name: str, tree: Tree) -> str:
    near = tree.spelled(name)
    if near != name and tree.has(near):
        return f"names are matched in their case: there is {near}"
    return f"looked below {tree.root}"
