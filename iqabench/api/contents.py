"""What a store holds: list it, remove a part of it, merge another store into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.session import Session, in_use, listed
from iqabench.api.tables import Names

if TYPE_CHECKING:
    from iqabench.report.contents import Removal
    from iqabench.report.tables import Table
    from iqabench.store.merging import Merged


def list_results(
    models: Names = (), datasets: Names = (), *, session: Session | None = None
) -> Table:
    """One row per model configuration x training set x test set: its repetitions, jobs and size.

    Args:
        models: labels or names of rows; if empty, all.
        datasets: test sets; if empty, all.
        session: names the store.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``; ``runs``, repetitions with predictions of all;
        ``jobs``, their number; ``IDs``, the beginnings of their fingerprints; ``MB``; ``last``,
        when the last job began. A note counts the jobs that no row uses.

    Raises:
        UnknownNameError: the store has no results of a model or a test set.
    """
    import pandas as pd

    from iqabench.report import contents
    from iqabench.report.evaluations import groups, selected
    from iqabench.report.tables import Table

    store = in_use(session).existing_store()
    asked = listed(models), listed(datasets)
    only = selected(store, None, *asked) if any(asked) else None
    found = groups(store)
    chosen = [group for group in found if only is None or group.evaluations[0].id in only]
    rows = contents.rows_of(store, chosen)
    return Table(pd.DataFrame(rows), rows, contents.notes(store))


def remove_results(
    what: Names = (),
    datasets: Names = (),
    *,
    failed: bool = False,
    dry_run: bool = False,
    session: Session | None = None,
) -> Removal:
    """Remove results, and the jobs that nothing else refers to: all of it or nothing.

    Args:
        what: labels, names of rows, or beginnings of jobs' IDs; if empty, all models.
        datasets: only results on these test sets; if empty, on all.
        failed: only rows without any prediction.
        dry_run: return what would be removed, and remove nothing.
        session: names the store.

    Returns:
        What was removed.

    Raises:
        UsageError: nothing limits the removal, or nothing fits.
        UnknownNameError: the store has no such model, job or test set.
        StoreError: a run is at work on one of the jobs, or the store cannot be written.
    """
    from iqabench.report.contents import removal
    from iqabench.store.removal import remove

    store = in_use(session).existing_store()
    found = removal(store, listed(what), listed(datasets), failed)
    if not dry_run:
        remove(store.root, found.evaluations, found.stresses, found.jobs)
    return found


def merge_results(other: Path | str, *, session: Session | None = None) -> Merged:
    """Copy what the store lacks from another store.

    A job that both stores have is kept once. If its results differ, those of this store are kept
    and the job is named.

    Args:
        other: the folder of the other store; nothing in it changes.
        session: names the store, and shows progress.

    Raises:
        UsageError: there is no other store, or it is the same one.
        StoreError: a store has another format, a job of the other store is damaged, or the store
            cannot be written.
    """
    from iqabench.store import Store
    from iqabench.store.merging import merge

    session = in_use(session)
    with session.watch.task(f"merging {other}") as tick:
        return merge(session.writable_store(), Store(Path(other)), tick)
