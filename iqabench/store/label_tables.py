"""The labels that a store keeps, each table with a record of its hash beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.errors import StoreError
from iqabench.store import intact
from iqabench.store.files import write_atomically
from iqabench.store.reading import RUN_AGAIN, read_record
from iqabench.store.records import TableRecord, plain
from iqabench.store.sealed import write_sealed

if TYPE_CHECKING:
    import pandas as pd


def path(root: Path, name: str, data_hash: str) -> Path:
    """The file of a data set's labels."""
    return root / "tables" / f"{name}-{data_hash}.parquet"


def note(place: Path) -> Path:
    """The file that holds the hash of a table."""
    return place.with_suffix(".json")


def save(place: Path, table: pd.DataFrame) -> None:
    """Write a table, unless it is there and intact."""
    if problem(place):
        write_atomically(place, lambda part: table.to_parquet(part, index=False), lasting=True)
        write_note(place)


def write_note(place: Path) -> None:
    """Note the hash of a table that was just written."""
    write_sealed(note(place), plain(TableRecord(file=intact.described(place))))


def read(place: Path) -> pd.DataFrame:
    """A table.

    Raises:
        StoreError: it is damaged or gone.
    """
    import pandas as pd

    found = problem(place)
    if found:
        raise StoreError(f"{place} is damaged: {found}", RUN_AGAIN)
    return pd.read_parquet(place)


def problem(place: Path) -> str:
    """What is wrong with a table or its note; empty if both are there and intact."""
    try:
        kept = read_record(note(place), TableRecord)
    except StoreError as error:
        return error.message
    if kept is None:
        return f"{note(place).name} is gone"
    if kept.file.name != place.name:
        return f"{note(place).name} is that of another table"
    return intact.problem(place.parent, [kept.file])
