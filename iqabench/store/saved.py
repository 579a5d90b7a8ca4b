"""Which records a store is known to hold, so that a plan of thousands need not read them again."""

from __future__ import annotations

from pathlib import Path

from iqabench.store import intact
from iqabench.store.stamped import Stamped

INDEX, FORM = "records.json", 1
"""The cache, and the number of its form."""


class SavedRecords:
    """The records that were written, or compared with their files, and have not changed since.

    Args:
        root: the store.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._known = Stamped(root / "cache" / INDEX, FORM)

    def holds(self, name: str, content: str) -> bool:
        """Whether a file, such as ``splits/01ab.json``, is known to hold what has this hash."""
        known = self._known.get(name)
        return known is not None and known == [self._stamp(name), content]

    def note(self, name: str, content: str) -> None:
        """Remember that a file holds what has this hash."""
        self._known.put(name, self._stamp(name), content)

    def write(self) -> None:
        """Write what was learnt, if the store can be written."""
        self._known.write()

    def _stamp(self, name: str) -> intact.Stamp:
        return intact.stamp(f"{self._root}/{name}")
