"""Adds a set to a user's catalogue: a registered one by its root, or one of the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import UsageError
from iqabench.data.tables import Dataset, Tick
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
    """Write the root of a set that is known by name; returns the set, read.

    Raises:
        UnknownNameError: it is not known.
        UsageError: columns are given, which only a label file of one's own has.
        DataError: it cannot be read there.
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
    """Describe a set by its label file; returns the set, read.

    Args:
        name: a new one.
        root: the folder that the label file's paths are below.
        labels: CSV or Parquet; where it is not there, sought below the root.
        direction: ``higher`` or ``lower`` is better; None where the score's name is no DMOS.
        given: canonical column -> column of the file, None where it is to be guessed.
        catalog: the catalogue to write.
        tick: shows progress.

    Raises:
        CatalogError: the name is taken.
        DataError: a column is missing, or the set cannot be read.
        UsageError: the scores may be DMOS and no direction is given.
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
