"""Writes files whole or not at all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    write_atomically(path, lambda part: part.write_text(text + "\n", encoding="utf-8"))


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Call ``write(temporary_path)`` and rename the result to ``path``."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write a ``.npy`` file whole or not at all, making its folder."""
    import numpy as np

    def save(part: Path) -> None:
        with part.open("wb") as stream:
            np.save(stream, array, allow_pickle=False)

    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save)
