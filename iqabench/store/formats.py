"""The format of a store: the number in ``store.json``."""

from __future__ import annotations

from pathlib import Path

from iqabench.contract.errors import StoreError
from iqabench.store.records import FORMAT, StoreRecord, plain
from iqabench.store.sealed import has_seal, opened, write_sealed

JOB, STORE = "job.json", "store.json"


def written_format(root: Path) -> int | None:
    """The format of the store at ``root``; None where there is no store yet.

    Raises:
        StoreError: that is not to be found out.
    """
    # Looked at before the format is read, which another process may note at this moment.
    jobs, noted = (root / "jobs").is_dir(), (root / STORE).exists()
    found = noted_format(root)
    if found is not None:
        return found
    records = (*root.glob(f"jobs/*/{JOB}"), *root.glob("evaluations/*.json"))
    if any(_has_seal(path) for path in records):  # store.json is gone or damaged
        return FORMAT
    if noted:
        raise StoreError(f"{root / STORE} is damaged: it names no format", "remove it; run again")
    return 1 if jobs else None  # releases before format 2 wrote no such file


def noted_format(root: Path) -> int | None:
    """The format that ``store.json`` names; None where it is absent or damaged."""
    try:
        content = (root / STORE).read_bytes()
        # Releases before format 3 sealed nothing, and a later one may seal in another way.
        whole = opened(content) if has_seal(content) else content
        found = StoreRecord.model_validate_json(whole).format
    except (OSError, ValueError):
        return None
    return None if found == FORMAT and whole is content else found


def note_format(root: Path) -> None:
    """Write ``store.json``."""
    write_sealed(root / STORE, plain(StoreRecord(format=FORMAT)))


def _has_seal(path: Path) -> bool:
    try:
        return has_seal(path.read_bytes())
    except OSError:
        return False
