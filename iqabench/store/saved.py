"""Which records a store is known to hold, so that a plan of thousands need not read them again."""

from __future__ import annotations

from pathlib import Path

from iqabench.store import intact
from iqabench.store.stamped import Stamped

INDEX, FORM = "records.json", 1
"""The cache, and the number of its form."""


class SavedRecords:
    """The records that were compared with their files, and have not changed since.

    A file whose bytes change without its times, as on a failing disk, is told by whoever reads it,
    and then forgotten here: the next run compares it, and writes it again.

    Args:
        root: the store.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._known = Stamped(root / "cache" / INDEX, FORM)

    def stamp(self, name: str) -> intact.Stamp:
        """What the system says of a file, such as ``splits/01ab.json``."""
        return intact.stamp(f"{self._root}/{name}")

    def holds(self, name: str, stamp: intact.Stamp, content: str) -> bool:
        """Whether a file with this stamp is known to hold what has this hash."""
        found: str | None = self._known.get(name, stamp)
        return found == content

    def note(self, name: str, stamp: intact.Stamp, content: str) -> None:
        """Remember that a file, which had this stamp before it was read, holds what has this hash.

        Files are noted when they are read, not when they are written: then they are too new.
        """
        self._known.put(name, stamp, content)

    def forget(self, path: Path) -> None:
        """Forget a file, which was found damaged."""
        self._known.forget(f"{path.parent.name}/{path.name}")

    def write(self) -> None:
        """Write what was learnt of files that are there, if the store can be written."""
        if self._known.changed:
            self._known.drop_others({name for name in self._known.names() if self.stamp(name)})
        self._known.write()
