"""A user's own data set: reads any label file whose columns a catalogue names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.contract.datasets import NUMBERS, OPTIONAL, REQUIRED
from iqabench.kit.label_files import labels
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of a label file.

    Args:
        root: the data set's folder.
        options: ``labels``, the label file, below the root or as an absolute path; ``columns``,
            canonical column -> column of the file, by its name or, in a file without a header, by
            its number from 1. Without ``columns`` every column with a canonical name is read.

    Raises:
        DataError: no label file is named, it is damaged, or it lacks a named column.
        FileNotFoundError: the label file is missing.
    """
    if "labels" not in options:
        raise DataError("the catalogue names no label file", "add labels: scores.csv")
    name, tree = str(options["labels"]), Tree(root)
    if Path(name).is_absolute():
        tree, name = Tree(Path(name).parent), Path(name).name
    found = labels(tree.path(name).read_bytes(), name)
    columns = _columns(options)
    if not columns:
        found.need(REQUIRED)
        columns = {ours: ours for ours in (*REQUIRED, *OPTIONAL) if ours in found.columns}
    return found.frame(columns, NUMBERS)


def _columns(options: Mapping[str, Any]) -> dict[str, str | int]:
    """Canonical column -> name or number of a column of the file; empty if none is given."""
    given = options.get("columns") or {}
    if not isinstance(given, Mapping) or not all(map(_names, given.values())):
        raise DataError(
            "columns is no mapping of names",
            "write columns: {image: file, mos: score}; in a file without a header, by number: "
            "columns: {image: 2, mos: 3}",
        )
    return {
        str(ours): int(theirs) if isinstance(theirs, int) else str(theirs)
        for ours, theirs in given.items()
    }


def _names(column: object) -> bool:
    return isinstance(column, str | int) and not isinstance(column, bool)
