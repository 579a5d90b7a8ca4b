"""Hashes of plain objects and texts, and versions of installed packages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

LENGTH = 16
"""Hexadecimal digits of a hash."""
_plain = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(fields: Mapping[str, Any]) -> str:
    """Hex digest of a JSON object, independent of the order of its keys."""
    return text_digest([_plain.encode(fields)])


def text_digest(lines: list[str]) -> str:
    """Hex digest of a list of strings; their order counts."""
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=LENGTH // 2).hexdigest()


@cache
def package_version(name: str) -> str:
    """Version from the installed metadata, ``unknown`` if there is none; imports no package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
