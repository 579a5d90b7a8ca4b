"""Finds the difference between two named models in a table of all pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Difference:
    """SROCC of one model minus another's, and the ends of its 95% interval."""

    srocc: float
    low: float
    high: float


def difference(table: pd.DataFrame, first: str, second: str, test: str) -> Difference | None:
    """``first`` minus ``second`` on a test set; None if the table does not hold the pair.

    The table may hold the pair in either order.
    """
    for a, b, sign in ((first, second, 1.0), (second, first, -1.0)):
        found = table[(table["a"] == a) & (table["b"] == b) & (table["test"] == test)]
        if len(found):
            row = found.iloc[0]
            low, high = sorted((sign * row["low"], sign * row["high"]))
            return Difference(sign * row["difference"], low, high)
    return None
