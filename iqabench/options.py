"""Options given as text: read into the fields of a pydantic model, with errors of one line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from iqabench.contract.errors import UnknownNameError, UsageError

NEXT_KEY = re.compile(r":(?=[A-Za-z_]\w*=)")
"""The colon before the next option. Any other colon belongs to a value."""


def named(text: str, rest: str = "") -> tuple[str, dict[str, str]]:
    """A name and the options after it, ``NAME[:KEY=VALUE[:KEY=VALUE...]]``.

    Args:
        text: the text that the user gave.
        rest: a key whose value is the whole text after it, even if it holds other options.

    Raises:
        UsageError: an option is no KEY=VALUE, or is given twice.

    >>> named("onnx:file=C:/net.onnx:height=384")
    ('onnx', {'file': 'C:/net.onnx', 'height': '384'})
    >>> named("shuffled:seed=1:of=center:sigma=0.2", rest="of")
    ('shuffled', {'seed': '1', 'of': 'center:sigma=0.2'})
    """
    name, colon, behind = text.partition(":")
    if not colon:
        return name.strip(), {}
    given: dict[str, str] = {}
    while behind:
        key, equals, value = behind.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"'{text}' is not NAME:KEY=VALUE", "as in center:sigma=0.2")
        if key in given:
            raise UsageError(f"'{text}' gives {key} twice", "give it once")
        if key == rest:
            behind = ""
        else:
            value, *others = NEXT_KEY.split(value, maxsplit=1)
            behind = others[0] if others else ""
        given[key] = value.strip()
    return name.strip(), given


def known(model: type[BaseModel], keys: Mapping[str, Any], owner: str) -> None:
    """Check that every key is a field of the model.

    Raises:
        UnknownNameError: a key is no field.
    """
    for key in keys:
        if key not in model.model_fields:
            raise UnknownNameError(f"option of '{owner}'", key, model.model_fields)


def parsed(model: type[BaseModel], key: str, value: Any) -> Any:
    """A value from the command line, prepared for a field of the model.

    Text for a field of type ``str`` or ``Path`` stays as it is. Other text is read as JSON. If it
    is no JSON, text with commas becomes a list, ``none`` becomes None, and any other text stays.
    """
    if not isinstance(value, str) or model.model_fields[key].annotation in (str, Path):
        return value
    try:
        return json.loads(value)
    except ValueError:
        parts = [part for part in value.split(",") if part]
        return parts if "," in value else (None if value.lower() == "none" else value)


def misfit(what: str, error: ValidationError, hint: str) -> UsageError:
    """The error for the first value that does not fit its field."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    given = str(first["input"]) if isinstance(first["input"], Path) else first["input"]
    value = "" if first["type"] == "missing" else f"={given!r}"
    return UsageError(f"{what}{place}{value}: {first['msg'].removeprefix('Value error, ')}", hint)
