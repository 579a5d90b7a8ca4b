"""Folders of files that can be made or downloaded again."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """The user's cache: ``$IQABENCH_CACHE``, or the platform's folder for caches."""
    return Path(os.environ.get("IQABENCH_CACHE") or platformdirs.user_cache_path("iqabench"))


def weights_dir() -> Path:
    """The folder of weights files: ``$IQABENCH_WEIGHTS``, or a folder inside the cache."""
    return Path(os.environ.get("IQABENCH_WEIGHTS") or cache_dir() / "weights")


def shipped_file(target: str) -> Path | None:
    """The path of ``"package:path/inside"``, without importing the package.

    The file need not exist. None if the package is not installed.
    """
    package, _, inside = target.partition(":")
    spec = importlib.util.find_spec(package) if package else None
    return Path(spec.origin).parent / inside if spec is not None and spec.origin else None
