"""Writes files whole or not at all."""

from __future__ import annotations

import io
import json
import os
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], Any], *, lasting: bool = False) -> None:
    """Call ``write(temporary_path)`` and rename the result to ``path``.

    Args:
        path: the file to write.
        write: writes a file.
        lasting: whether the file must outlast a loss of power. Then the disk has its content
            before it has its name, and both when the call returns. This takes some milliseconds.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        write(part)
        if lasting:
            flush(part)
        part.replace(path)
        if lasting:
            flush(path.parent)
    except OSError as error:
        if error.errno and error.filename is None:  # a full disk is met later than a name
            error.filename = str(path)
        raise
    finally:
        with suppress(OSError):  # the disk may have become read-only; a later run removes the part
            part.unlink(missing_ok=True)


def write_picture(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    """Let Pillow or Matplotlib write a file whole or not at all.

    They write into memory: into a file on a full disk they end with errors that do not say so.

    Args:
        path: the file to write.
        write: writes to a binary stream.

    Raises:
        OSError: the file cannot be written; the error names it.
    """
    stream = io.BytesIO()
    write(stream)
    write_atomically(path, lambda part: part.write_bytes(stream.getvalue()))


def flush(path: Path) -> None:
    """Bring a file's content, or a folder's list of names, to the disk."""
    # Windows opens no folders; its file systems keep renames in a journal.
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
