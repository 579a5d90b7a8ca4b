"""The cache of statistics in a store; its files can be deleted and computed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from iqabench.store import Store
from iqabench.store.fingerprints import digest
from iqabench.store.sealed import cache_sealed, read_cached
from iqabench.store.syntax import source_hash


def place(store: Store, kind: str, parts: Sequence[str], resamples: int, suffix: str) -> Path:
    """The cache file of some statistics.

    Its name is a hash of everything that decides the statistics: their kind, ``parts``, the number
    of resamples, and the source code of ``iqabench.report`` and ``iqabench.stats``.
    """
    made_from = {
        "kind": kind,
        "parts": list(parts),
        "resamples": resamples,
        "code": source_hash("iqabench", ("report", "stats")),
    }
    return store.root / "cache" / f"{digest(made_from)}{suffix}"


def cached(
    store: Store,
    kind: str,
    parts: Sequence[str],
    resamples: int,
    make: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Statistics from the cache; if they are not there, ``make`` makes them and they are cached.

    Nothing happens if the cache cannot be written; what is damaged there is named, and counts as
    absent.
    """
    path = place(store, kind, parts, resamples, ".json")
    kept = read_cached(path)
    if kept is not None:
        return kept
    made = make()
    cache_sealed(path, made)
    return made
