"""Adds a data set to a user's catalogue: a known set by its root, or the user's own set."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iqabench.catalog import Catalog
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.contract.progress import Tick
from iqabench.data.tables import Dataset
from iqabench.kit.label_files import Labels, is_there, load
from iqabench.registry import registry
from iqabench.sets.binding import bind, check_new
from iqabench.sets.columns import chosen


def add_known(
    name: str,
    root: Path,
    direction: str | None,
    given: Mapping[str, str | int | None],
    catalog: Path,
    tick: Tick | None = None,
    links: Path | None = None,
) -> Dataset:
    """Read a known set at a root and write the root into the catalogue; returns the set.

    Raises:
        UnknownNameError: no card or catalogue has this name.
        UsageError: columns are given; only the user's own sets have them.
        DataError: the set cannot be read at that root.
    """
    try:
        card = Catalog(registry(), catalog if catalog.exists() else None).get(name).card
    except UnknownNameError as error:
        error.hint += "; a set of your own needs --labels FILE"
        raise
    for column, theirs in given.items():
        if theirs is not None:
            raise UsageError(
                f"--{column} {theirs}: the reader of '{card.name}' knows its columns",
                "columns are named for a set of your own, with --labels FILE",
            )
    entry = {"root": str(root.resolve()), **_links(links)}
    return bind(card.name, entry | ({"direction": direction} if direction else {}), catalog, tick)


def add_own(
    name: str,
    root: Path,
    labels: Path,
    direction: str | None,
    given: Mapping[str, str | int | None],
    catalog: Path,
    tick: Tick | None = None,
    links: Path | None = None,
) -> Dataset:
    """Read the user's own set by its label file and write it into the catalogue; returns the set.

    Args:
        name: a new name.
        root: the set's folder; paths in the label file are relative to it.
        labels: a label file of any kind, below the root or, if there is none, in the current
            folder; or an absolute path.
        direction: ``higher`` or ``lower`` scores are better; None means ``higher``.
        given: canonical column -> column of the file, by name or number; None to guess the column.
        catalog: the catalogue to write.
        tick: shows progress.
        links: a further folder into which links below the root may lead.

    Raises:
        CatalogError: the name is taken.
        DataError: a column is missing, or the set cannot be read.
        UsageError: both folders have a label file of that name, or the name of the score column
            contains "dmos" and no direction is given.
    """
    check_new(name, catalog)
    root = root.resolve()
    path = _label_file(root, labels)
    found = load(path)
    columns = chosen(found, given)
    if direction is None and "dmos" in _called(found, columns["mos"]).lower():
        raise UsageError(
            f"'{_called(found, columns['mos'])}' may mean that lower is better",
            "say --direction lower or higher",
        )
    entry: dict[str, Any] = {
        "reader": "csv",
        "root": str(root),
        "labels": str(path.relative_to(root) if path.is_relative_to(root) else path),
        "columns": columns,
        "direction": direction or "higher",
        **_links(links),
    }
    return bind(name, entry, catalog, tick)


def _links(folder: Path | None) -> dict[str, str]:
    """The field of an entry that says where links may lead."""
    return {} if folder is None else {"links": str(folder.resolve())}


def use_of_labels(
    root: Path, labels: Path, given: Mapping[str, str | int | None]
) -> dict[str, str]:
    """The label file that :func:`add_own` takes, and what it takes from it; arguments as there."""
    path = _label_file(root.resolve(), labels)
    found = load(path)
    return {"labels": str(path), **_used(found, chosen(found, given))}


def _label_file(root: Path, labels: Path) -> Path:
    """The label file that is meant: below the root first."""
    below = root / labels
    if not is_there(below):
        return Path(os.path.realpath(labels))
    if is_there(labels) and not labels.samefile(below):
        raise UsageError(
            f"--labels {labels} is there twice: {below} and {labels.absolute()}",
            "name one of them by its whole path",
        )
    return below.resolve()


def _called(labels: Labels, column: str | int) -> str:
    """The name of a column, or its number in a file without a header."""
    if isinstance(column, str):
        return column
    named = column <= len(labels.columns) and not labels.headless
    return labels.columns[column - 1] if named else str(column)


def _quoted(name: str) -> str:
    """A column as it is shown: a name in quotes, a number after "column"."""
    return f"column {name}" if name.isdecimal() else f"'{name}'"


def _used(labels: Labels, columns: Mapping[str, str | int]) -> dict[str, str]:
    """Which columns of the file were used for what, which were not, and what follows from that."""
    counted = {column for column in columns.values() if isinstance(column, int)}
    named = set(columns.values()) - counted
    rest = [
        _called(labels, place)
        for place, name in enumerate(labels.columns, 1)
        if place not in counted and name not in named and name
    ]
    found = {
        "used": ", ".join(
            f"{_quoted(_called(labels, theirs))} as {ours}" for ours, theirs in columns.items()
        ),
        "not used": ", ".join(map(_quoted, rest)) or "none",
    }
    if "content" not in columns:
        found["content"] = (
            "no column gives the content: pictures with the same reference count as one"
            if "reference" in columns
            else "no column gives the content: every picture counts as its own"
        )
    return found
