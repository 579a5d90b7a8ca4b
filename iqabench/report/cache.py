"""Where statistics that can be made again are kept in a store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iqabench.store import Store
from iqabench.store.fingerprints import digest, harness


def place(store: Store, kind: str, parts: Sequence[str], resamples: int, suffix: str) -> Path:
    """A file named after what the statistics are made from, the harness's source included."""
    made_from = {
        "kind": kind,
        "parts": list(parts),
        "resamples": resamples,
        "code": harness(("stats", "report")),
    }
    return store.root / "cache" / f"{digest(made_from)}{suffix}"
