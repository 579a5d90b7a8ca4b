"""Fingerprints: the same inputs give the same job, on any machine with the same software.

A fingerprint is the hash of a plain JSON object, the job's *fields*, which is stored beside the
result, so that two jobs can be compared field by field.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

LENGTH = 16
COMPUTING_PARTS = ("contract", "kit", "data", "engine")
"""Parts of the harness whose source decides predictions."""


def digest(fields: Mapping[str, Any]) -> str:
    """Hex digest of a JSON object, independent of key order."""
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=LENGTH // 2).hexdigest()


def text_digest(lines: list[str]) -> str:
    """Hex digest of a list of strings, order included."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=LENGTH // 2).hexdigest()


@cache
def harness(parts: tuple[str, ...] = COMPUTING_PARTS) -> dict[str, str]:
    """Version and source hash of what the harness itself computes with."""
    root = Path(__file__).parent.parent
    files = [path for part in parts for path in (root / part).rglob("*.py")]
    return {"version": package_version("iqabench"), "source": _source_digest(root, files)}


@cache
def plugin(target: str) -> dict[str, str]:
    """Name and source hash of the package that ``"package.module:attribute"`` lives in.

    Found without importing it. A single-file plugin is hashed as that file.
    """
    package = target.partition(":")[0].partition(".")[0]
    spec = importlib.util.find_spec(package)
    if spec is None:
        return {"package": package, "source": "unknown"}
    if spec.submodule_search_locations:
        root = Path(next(iter(spec.submodule_search_locations)))
        files = list(root.rglob("*.py"))
    else:
        files = [Path(str(spec.origin))]
        root = files[0].parent
    return {"package": package, "source": _source_digest(root, files)}


@cache
def package_version(name: str) -> str:
    """Version from the installed metadata, without importing the package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _source_digest(root: Path, files: list[Path]) -> str:
    total = hashlib.blake2b(digest_size=LENGTH // 2)
    for path in sorted(files):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()
