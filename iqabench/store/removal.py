"""Removes records and jobs from a store, all of them or none.

What is to go is listed in a file first. A removal that is interrupted after that is finished when
the store is next opened; one that is interrupted before has changed nothing.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from iqabench.contract.errors import StoreError
from iqabench.store.sealed import read_sealed, write_sealed

JOURNAL = "removing.json"
NAME = re.compile(r"[0-9a-f]+")
"""Names of jobs and records. Nothing else is removed, whatever a journal lists."""


def remove(
    root: Path, evaluations: Iterable[str], stresses: Iterable[str], jobs: Iterable[str]
) -> None:
    """Remove evaluations and stress studies by their IDs, and jobs by their fingerprints.

    Raises:
        StoreError: a run is at work on one of the jobs, or the store cannot be written.
    """
    listed = {
        "evaluations": sorted(evaluations),
        "stress": sorted(stresses),
        "jobs": sorted(jobs),
    }
    with _locked(root, listed["jobs"]):
        try:
            write_sealed(root / JOURNAL, listed)
        except OSError as error:
            raise _unwritable(root, "nothing was removed", error) from error
        finish(root)


def finish(root: Path) -> None:
    """Finish a removal that was begun, if there is one.

    Records go before the jobs that they name.

    Raises:
        StoreError: the store cannot be written, or the list of what is to go is damaged; the list
            is then gone.
    """
    journal = root / JOURNAL
    if not journal.exists():
        return
    listed = _listed(journal)
    try:
        for part in ("evaluations", "stress"):
            for name in (listed or {}).get(part, ()):
                (root / part / f"{name}.json").unlink(missing_ok=True)
        for name in (listed or {}).get("jobs", ()):
            _remove_folder(root / "jobs" / name)
        journal.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(root, "a removal was begun and is finished later", error) from error
    if listed is None:
        raise StoreError(f"{journal} is damaged: a removal was begun", "remove the results again")


def _listed(journal: Path) -> dict[str, list[str]] | None:
    """What a journal lists; None if it is damaged."""
    found = read_sealed(journal)
    parts = list(found.values()) if found is not None else []
    whole = all(
        isinstance(part, list) and all(isinstance(n, str) and NAME.fullmatch(n) for n in part)
        for part in parts
    )
    return found if parts and whole else None


def _remove_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):  # removed before the interruption
        shutil.rmtree(folder)


@contextmanager
def _locked(root: Path, jobs: Iterable[str]) -> Iterator[None]:
    """Hold the locks under which runs write these jobs."""
    with ExitStack() as held:
        for name in jobs:
            lock = FileLock(root / "jobs" / f".{name}.lock", timeout=0)
            try:
                held.enter_context(lock)
            except Timeout as error:
                raise StoreError(
                    f"a run is at work on job {name[:8]} of {root}", "wait for it, then again"
                ) from error
            except OSError as error:
                raise _unwritable(root, "nothing was removed", error) from error
        yield


def _unwritable(root: Path, state: str, error: OSError) -> StoreError:
    return StoreError(f"cannot write the store {root}: {error.strerror or error}", state)
