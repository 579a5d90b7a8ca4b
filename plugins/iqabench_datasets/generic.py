"""Any label file whose columns a catalogue names, for a user's own data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError

if TYPE_CHECKING:
    import pandas as pd


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of ``labels`` below the root, columns renamed as ``columns`` says.

    Raises:
        DataError: no label file is named, or it lacks a named column.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    if "labels" not in options:
        raise DataError("the catalogue names no label file", "add labels: scores.csv")
    path = root / str(options["labels"])
    columns = options.get("columns") or {"image": "image", "mos": "mos"}
    if not isinstance(columns, Mapping):
        raise DataError("columns is no mapping", "write columns: {image: file, mos: score}")
    try:
        table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    except ValueError as error:
        problem = str(error).splitlines()[0]
        raise ValueError(f"{path.name}: {problem}") from error
    missing = [theirs for theirs in columns.values() if theirs not in table]
    if missing:
        raise DataError(
            f"{path.name} lacks the columns {', '.join(missing)}",
            f"it has {', '.join(map(str, table.columns))}",
        )
    return pd.DataFrame({ours: table[theirs] for ours, theirs in columns.items()})
