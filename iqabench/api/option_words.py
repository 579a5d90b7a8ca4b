"""What the options of a pydantic model take and mean, in words, from its schema and its source."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

TYPES = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "string": "text",
    "object": "mapping",
    "null": "none",
}
BOUNDS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}
"""Keyword of JSON Schema -> the word before its number."""


def takes(model: type[BaseModel]) -> dict[str, str]:
    """Name of each field -> the values that it takes, as ``whole number from 1``."""
    schema = model.model_json_schema()
    return {key: _values(one) for key, one in schema["properties"].items()}


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Name of each field that is described -> its description, or the docstring below it.

    A class whose source is not there has no docstrings.
    """
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if issubclass(one, BaseModel) and one is not BaseModel:
            found |= _docstrings(one)
    told = {key: field.description for key, field in model.model_fields.items()}
    found |= {key: text for key, text in told.items() if text}
    return {key: " ".join(found[key].replace("``", "").split()) for key in told if key in found}


def _values(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return _either([str(value) for value in schema["enum"]])
    if "const" in schema:
        return str(schema["const"])
    if "anyOf" in schema:
        return _either([_values(one) for one in schema["anyOf"]])
    if schema.get("type") == "array":
        parts = schema.get("prefixItems")
        if parts:
            return f"{len(parts)} values, each {_values(parts[0])}"
        return f"list, each {_values(schema.get('items', {}))}"
    if "format" in schema:
        return str(schema["format"])
    bounds = [f"{word} {schema[key]:g}" for key, word in BOUNDS.items() if key in schema]
    return " ".join([TYPES.get(schema.get("type", ""), "mapping"), *bounds])


def _either(values: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(values[:-1]), values[-1])))


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """Field -> the string that stands below it in the class."""
    try:
        (parsed,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return {}
    body = parsed.body if isinstance(parsed, ast.ClassDef) else []
    return {
        before.target.id: after.value.value
        for before, after in itertools.pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }
