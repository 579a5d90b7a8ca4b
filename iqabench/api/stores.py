"""Look after the files of a store: upgrade them, check them, remove what nothing refers to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.session import Session, in_use
from iqabench.contract.errors import StoreError

if TYPE_CHECKING:
    from iqabench.store.check import Damage
    from iqabench.store.leftovers import Garbage


def upgrade_store(*, session: Session | None = None) -> Path | None:
    """Upgrade the store to the format that this release reads and writes.

    Returns:
        The folder that holds the old store unchanged; None if the store has this format already.

    Raises:
        StoreError: there is no store, this release cannot read it, or it cannot be written.
    """
    from iqabench.store.upgrade import upgrade

    return upgrade(in_use(session).store.root)


def check_store(*, remove: bool = False, session: Session | None = None) -> list[Damage]:
    """Compare everything in the store with its checksum, and look for what records refer to.

    Args:
        remove: remove what is damaged, so that the next run makes it again.
        session: names the store, and shows progress.

    Returns:
        What is damaged. ``str`` gives a line that names it.

    Raises:
        UsageError: there is no store.
        StoreError: another release wrote the store in another format, or something damaged cannot
            be removed.
    """
    from iqabench.data import array_files
    from iqabench.store import check

    session = in_use(session)
    store = session.existing_store()
    with session.watch.task(f"checking {store.root}") as tick:
        found = list(check.damages(store, tick, array_files.is_whole))
    if remove:
        for damage in found:
            check.remove(damage)
    return found


def clean_store(*, dry_run: bool = False, session: Session | None = None) -> list[Garbage]:
    """Remove what no result refers to, and what processes that died left behind.

    Args:
        dry_run: return what would be removed, and remove nothing.
        session: names the store, and shows progress.

    Returns:
        What was removed, why, and how large it was.

    Raises:
        UsageError: there is no store.
        StoreError: another release wrote the store in another format, or something is damaged, so
            that what it refers to is not known.
    """
    from iqabench.store import Store
    from iqabench.store.garbage import garbage
    from iqabench.store.leftovers import remove

    session = in_use(session)
    damage: list[str] = []
    store = Store(session.existing_store().root, damage.append)
    with session.watch.task(f"looking for what nothing refers to in {store.root}"):
        found = list(garbage(store))
    if damage:
        raise StoreError(
            damage[0].partition(": it is left out")[0],
            "iqabench store check names all damage, --remove removes it",
        )
    if not dry_run:
        remove(store.root, found)
    return found
