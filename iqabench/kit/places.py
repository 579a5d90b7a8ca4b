"""Where things that can be made or fetched again are kept."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The user's cache: ``$IQABENCH_CACHE`` or the platform's place."""
    return Path(os.environ.get("IQABENCH_CACHE") or platformdirs.user_cache_path("iqabench"))


def weights_dir() -> Path:
    """Where weights files are put and sought: ``$IQABENCH_WEIGHTS``, else inside the cache."""
    return Path(os.environ.get("IQABENCH_WEIGHTS") or cache_dir() / "weights")


def shipped_file(target: str) -> Path | None:
    """Where ``"package:path/inside"`` should lie, the package not imported; None without it."""
    package, _, inside = target.partition(":")
    spec = importlib.util.find_spec(package) if package else None
    return Path(spec.origin).parent / inside if spec is not None and spec.origin else None
