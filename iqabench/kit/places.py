"""Where things that can be made or fetched again are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The user's cache: ``$IQABENCH_CACHE`` or the platform's place."""
    return Path(os.environ.get("IQABENCH_CACHE") or platformdirs.user_cache_path("iqabench"))


def weights_dir() -> Path:
    """Where weights files are put and sought: ``$IQABENCH_WEIGHTS``, else inside the cache."""
    return Path(os.environ.get("IQABENCH_WEIGHTS") or cache_dir() / "weights")
