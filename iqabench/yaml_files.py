"""YAML files of the user: read as a mapping whose keys know their lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from iqabench.contract.errors import IqabenchError


def read_mapping(path: Path, error: type[IqabenchError], what: str, example: str) -> Any:
    """The mapping in a YAML file; empty where the file is.

    Args:
        path: the file.
        error: the kind of error to raise.
        what: the file, in a hint, such as ``the catalogue``.
        example: how the file begins, such as ``datasets:``.

    Raises:
        IqabenchError: the file cannot be read, is no YAML, or holds no mapping; of the kind
            ``error``.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML().load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as problem:
        mark = getattr(problem, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        told = getattr(problem, "problem", None) or str(problem).splitlines()[0]
        raise error(f"{where}: {told}", f"{what} must be valid YAML") from problem
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise error(f"{path}: no mapping at the top", f"it begins with '{example}'")
    return document


def place(path: Path, mapping: Any, key: Any) -> str:
    """The file and the line of a key, as errors name it."""
    line = mapping.lc.key(key)[0] + 1 if hasattr(mapping, "lc") else 0
    return f"{path}, line {line}"


def check_keys(path: Path, mapping: Any, known: Iterable[str], error: type[IqabenchError]) -> None:
    """Check that a mapping has known keys alone.

    Raises:
        IqabenchError: it has another one; of the kind ``error``.
    """
    known = list(known)
    for key in mapping:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(known)}"
            raise error(f"{place(path, mapping, key)}: unknown key '{key}'", hint)
