"""JSON files that begin with a checksum of the rest.

::

    {
     "checksum": "2b0f6f0c8d1e7a55",
     "label": "biosiqnet",
     ...
    }

A file is read only if every byte of it is as it was written. So neither a flipped byte nor valid
JSON from elsewhere is taken for a record, and no statistic is read from a damaged cache.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from iqabench.store.files import write_atomically
from iqabench.store.noticed import damaged

BEGINNING = b'{\n "checksum": "'
END = b'",\n'
DIGITS = 16


def sealed(record: Mapping[str, Any]) -> bytes:
    """A JSON object, which is not empty, as the content of a file with its checksum."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    rest = text.removeprefix("{\n").encode() + b"\n"
    return BEGINNING + _digest(rest) + END + rest


def has_seal(content: bytes) -> bool:
    """Whether a file's content begins as that of a sealed file, perhaps of a damaged one."""
    return content.startswith(BEGINNING)


def opened(content: bytes) -> bytes:
    """The JSON object in the content of a sealed file, without the checksum.

    Raises:
        ValueError: a byte of it is not as it was written.
    """
    start = len(BEGINNING) + DIGITS + len(END)
    rest = content[start:]
    if content[:start] != BEGINNING + _digest(rest) + END:
        raise ValueError("its content does not fit its checksum")
    return b"{\n" + rest


def write_sealed(path: Path, record: Mapping[str, Any], *, lasting: bool = True) -> None:
    """Write a JSON object with its checksum, whole or not at all.

    ``lasting``: see :func:`iqabench.store.files.write_atomically`.
    """
    content = sealed(record)
    write_atomically(path, lambda part: part.write_bytes(content), lasting=lasting)


def cache_sealed(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON object to a cache if that can be written."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sealed(path, record, lasting=False)


def read_sealed(path: Path) -> dict[str, Any] | None:
    """The JSON object in a sealed file; None where that is absent, unreadable or damaged."""
    try:
        return _record(path.read_bytes())
    except OSError:
        return None


def read_cached(path: Path) -> dict[str, Any] | None:
    """As :func:`read_sealed`, for a file of a cache: what is damaged is named.

    Whether the file is absent is asked of the same reading: another process may write it meanwhile.
    """
    try:
        found = _record(path.read_bytes())
    except OSError:  # absent or unreadable
        return None
    if found is None:
        damaged(path)
    return found


def _record(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(opened(content))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=DIGITS // 2).hexdigest().encode()
