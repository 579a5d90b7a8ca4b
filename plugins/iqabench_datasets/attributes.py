"""Sets that people rated for several attributes: which attribute is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from iqabench.contract import DataError

T = TypeVar("T")

KEY = "attribute"
"""The catalogue key that chooses an attribute."""


def chosen(options: Mapping[str, Any], known: Mapping[str, T]) -> T:
    """What belongs to the attribute that a catalogue names; without one, to the first.

    Args:
        options: the catalogue's options for the set.
        known: attribute -> what belongs to it, such as a column or a file. The first one is overall
            quality.

    Raises:
        DataError: the catalogue names another attribute.

    >>> chosen({}, {"quality": 1, "alignment": 2}), chosen({KEY: "alignment"}, {"alignment": 2})
    (1, 2)
    """
    name = str(options.get(KEY, next(iter(known))))
    if name not in known:
        raise DataError(
            f"{KEY}: {name} is no attribute that people rated here", f"one of {', '.join(known)}"
        )
    return known[name]
