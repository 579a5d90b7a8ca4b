"""Upgrade the files of a store to the format of this release."""

from __future__ import annotations

from pathlib import Path

from iqabench.api.session import Session, in_use


def upgrade_store(*, session: Session | None = None) -> Path | None:
    """Upgrade the store to the format that this release reads and writes.

    Returns:
        The folder that holds the old store unchanged; None if the store has this format already.

    Raises:
        StoreError: there is no store, this release cannot read it, or it cannot be written.
    """
    from iqabench.store.upgrade import upgrade

    return upgrade(in_use(session).store.root)
