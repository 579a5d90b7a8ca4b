"""Adds a data set to a user's catalogue: a known set by its root, or the user's own set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import UsageError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset
from iqabench.registry import registry
from iqabench.sets.binding import bind, check_new
from iqabench.sets.columns import chosen, header


def add_known(
    name: str,
    root: Path,
    direction: str | None,
    given: Mapping[str, str | None],
    catalog: Path,
    tick: Tick | None = None,
) -> Dataset:
    """Read a known set at a root and write the root into the catalogue; returns the set.

    Raises:
        UnknownNameError: no card or catalogue has this name.
        UsageError: columns are given; only the user's own sets have them.
        DataError: the set cannot be read at that root.
    """
    card = Catalog(registry(), catalog if catalog.exists() else None).get(name).card
    for column, theirs in given.items():
        if theirs is not None:
            raise UsageError(
                f"--{column} {theirs}: the reader of '{card.name}' knows its columns",
                "columns are named for a set of your own, with --labels FILE",
            )
    entry = {"root": str(root.resolve())}
    return bind(card.name, entry | ({"direction": direction} if direction else {}), catalog, tick)


def add_own(
    name: str,
    root: Path,
    labels: Path,
    direction: str | None,
    given: Mapping[str, str | None],
    catalog: Path,
    tick: Tick | None = None,
) -> Dataset:
    """Read the user's own set by its label file and write it into the catalogue; returns the set.

    Args:
        name: a new name.
        root: the set's folder; paths in the label file are relative to it.
        labels: CSV or Parquet; if the path does not exist, it is taken relative to the root.
        direction: ``higher`` or ``lower`` scores are better; None means ``higher``.
        given: canonical column -> column of the file; None to guess the column.
        catalog: the catalogue to write.
        tick: shows progress.

    Raises:
        CatalogError: the name is taken.
        DataError: a column is missing, or the set cannot be read.
        UsageError: the name of the score column contains "dmos" and no direction is given.
    """
    check_new(name, catalog)
    root = root.resolve()
    path = (labels if labels.exists() else root / labels).resolve()
    columns = chosen(header(path), given)
    if direction is None and "dmos" in columns["mos"].lower():
        raise UsageError(
            f"'{columns['mos']}' may mean that lower is better", "say --direction lower or higher"
        )
    entry: dict[str, Any] = {
        "reader": "csv",
        "root": str(root),
        "labels": str(path.relative_to(root) if path.is_relative_to(root) else path),
        "columns": columns,
        "direction": direction or "higher",
    }
    return bind(name, entry, catalog, tick)
