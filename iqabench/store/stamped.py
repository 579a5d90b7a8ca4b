"""A cache of what files told when they were read, for files that have not changed since.

What is known of a file is kept beside what the system says of it (:func:`intact.stamp`). The cache
is a file that is read at the first question. One that is absent, damaged, or of another release
counts as empty, and one that cannot be written is left as it is: then only time is lost.
"""

from __future__ import annotations

import json
import time
from collections.abc import Set
from functools import cached_property
from pathlib import Path
from typing import Any

from iqabench.store import intact
from iqabench.store.sealed import cache_sealed, read_cached

Known = list[Any]
"""The stamps of the files, a list of numbers, and a plain JSON value: a pair as JSON has it."""


class Stamped:
    """What is known under each name, a plain JSON value, and the stamps of its files.

    Args:
        place: the file of the cache.
        form: a number that rises with the shape of the values.
    """

    def __init__(self, place: Path, form: int) -> None:
        self._place, self._form = place, form
        self.changed = False
        """Whether something was learnt or forgotten since the file was read or written."""

    def names(self) -> set[str]:
        """The names under which something is known."""
        return set(self._known)

    def get(self, name: str, stamps: list[int]) -> Any:
        """What is known under a name; None if nothing, or if its files had other stamps."""
        known = self._known.get(name)
        return known[1] if known is not None and known[0] == stamps else None

    def value(self, name: str) -> Any:
        """What was known under a name, whatever its files are now; None if nothing."""
        known = self._known.get(name)
        return None if known is None else known[1]

    def put(self, name: str, stamps: list[int], value: Any) -> None:
        """Remember a value.

        Nothing is kept of files that are not there, or so new that they may still change.
        """
        latest = max(stamps, default=0)  # inodes and sizes are smaller than times
        if stamps and latest < time.time_ns() - intact.CLOCK_STEP:
            self._known[name] = [stamps, value]
            self.changed = True

    def forget(self, name: str) -> None:
        """Forget a name, if it is known."""
        if self._known.pop(name, None) is not None:
            self.changed = True

    def drop_others(self, names: Set[str]) -> None:
        """Forget all other names."""
        for gone in self._known.keys() - names:
            self.forget(gone)

    def write(self) -> None:
        """Write what was learnt since the file was read, if it can be written."""
        if self.changed:
            # As one text: the layout of sealed files would give each number a line.
            known = json.dumps(self._known, ensure_ascii=False)
            cache_sealed(self._place, {"form": self._form, "known": known})
            self.changed = False

    @cached_property
    def _known(self) -> dict[str, Known]:
        found = read_cached(self._place) or {}
        text = found.get("known") if found.get("form") == self._form else None
        known = json.loads(text) if isinstance(text, str) else {}
        return known if isinstance(known, dict) else {}
