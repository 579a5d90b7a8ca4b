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
        self._changed = False

    def get(self, name: str) -> Known | None:
        """What was known under a name when the files had these stamps."""
        return self._known.get(name)

    def put(self, name: str, stamps: list[int], value: Any) -> None:
        """Remember a value, unless its files are so new that they may still change."""
        latest = max(stamps, default=0)  # inodes and sizes are smaller than times
        if latest < time.time_ns() - intact.CLOCK_STEP:
            self._known[name] = [stamps, value]
            self._changed = True

    def drop_others(self, names: Set[str]) -> None:
        """Forget all other names."""
        for gone in self._known.keys() - names:
            del self._known[gone]
            self._changed = True

    def write(self) -> None:
        """Write what was learnt since the file was read, if it can be written."""
        if self._changed:
            # As one text: the layout of sealed files would give each number a line.
            known = json.dumps(self._known, ensure_ascii=False)
            cache_sealed(self._place, {"form": self._form, "known": known})
            self._changed = False

    @cached_property
    def _known(self) -> dict[str, Known]:
        found = read_cached(self._place)
        if found is None or found.get("form") != self._form:
            return {}
        known: dict[str, Known] = json.loads(found["known"])
        return known
