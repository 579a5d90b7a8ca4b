"""A user's own data set: reads any label file whose columns a catalogue names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.contract.datasets import NUMBERS, OPTIONAL, REQUIRED
from iqabench.kit.label_files import need, table, whole
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of a label file.

    Args:
        root: the data set's folder.
        options: ``labels``, the label file, below the root or as an absolute path; ``columns``,
            canonical column -> column of the file. Without ``columns`` every column with a
            canonical name is read.

    Raises:
        DataError: no label file is named, it is damaged, or it lacks a named column.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    if "labels" not in options:
        raise DataError("the catalogue names no label file", "add labels: scores.csv")
    name, tree = str(options["labels"]), Tree(root)
    if Path(name).is_absolute():
        tree, name = Tree(Path(name).parent), Path(name).name
    columns = _columns(options)
    found = _load(tree, name, [columns[ours] for ours in columns if ours not in NUMBERS])
    if not options.get("columns"):
        columns = {ours: ours for ours in columns if ours in found or ours in REQUIRED}
    need(found, columns.values(), name)
    return pd.DataFrame({ours: found[theirs] for ours, theirs in columns.items()})


def _columns(options: Mapping[str, Any]) -> dict[str, str]:
    """Canonical column -> column of the file; without ``columns`` both names are equal."""
    given = options.get("columns") or {name: name for name in (*REQUIRED, *OPTIONAL)}
    if not isinstance(given, Mapping) or not all(isinstance(own, str) for own in given.values()):
        raise DataError(
            "columns is no mapping of names", "write columns: {image: file, mos: score}"
        )
    return {str(ours): str(theirs) for ours, theirs in given.items()}


def _load(tree: Tree, name: str, words: Collection[str]) -> pd.DataFrame:
    import pandas as pd

    if not name.lower().endswith(".parquet"):
        return table(tree, name, words)
    content = BytesIO(tree.path(name).read_bytes())
    return whole(name, lambda: pd.read_parquet(content))
