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


def earlier_downloads() -> tuple[Path, ...]:
    """Folders in which torch, pyiqa and CLIP keep the files that they download."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    hub = Path(os.environ.get("TORCH_HOME") or cache / "torch").expanduser() / "hub"
    return hub / "pyiqa", hub / "checkpoints", hub / "clip", Path("~/.cache/clip").expanduser()


def hub_folder() -> Path:
    """The folder in which huggingface_hub keeps whole repositories."""
    home = os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
