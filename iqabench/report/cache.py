"""Where statistics that can be made again are kept in a store."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from iqabench.store import Store
from iqabench.store.fingerprints import digest, harness
from iqabench.store.folder import write_json


def place(store: Store, kind: str, parts: Sequence[str], resamples: int, suffix: str) -> Path:
    """A file named after what the statistics are made from, the harness's source included."""
    made_from = {
        "kind": kind,
        "parts": list(parts),
        "resamples": resamples,
        "code": harness(("stats", "report")),
    }
    return store.root / "cache" / f"{digest(made_from)}{suffix}"


def cached(
    store: Store,
    kind: str,
    parts: Sequence[str],
    resamples: int,
    make: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """Statistics as they were kept, else made and kept."""
    path = place(store, kind, parts, resamples, ".json")
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return kept
    made = make()
    write_json(path, made)
    return made
