"""Finds pictures in folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iqabench.contract.errors import UsageError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm"})


def find_pictures(paths: Sequence[Path]) -> list[Path]:
    """The given files, and all pictures in the given folders and below, without duplicates.

    The order is that of ``paths``; the pictures of one folder are sorted by path.

    Raises:
        UsageError: a path does not exist, or a folder holds no picture.
    """
    found: list[Path] = []
    for path in paths:
        inside = (
            sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES)
            if (path.is_dir())
            else [path]
        )
        if not path.exists() or not inside:
            raise UsageError(f"no picture at {path}", "name pictures, or folders that hold some")
        found += inside
    return list(dict.fromkeys(found))
