"""Rows of a table within each distortion of the test set, and without shared contents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from iqabench.report import leaderboard
from iqabench.report.evaluations import Group
from iqabench.store.records import NONE

COLUMN = "distortion"


def by_distortion(group: Group) -> dict[str, dict[str, Any]]:
    """Leaderboard rows of a group: the mean over distortions, then within each of them.

    Empty if the test set has no distortions.
    """
    if COLUMN not in group.table:
        return {}
    names = sorted(set(group.table[COLUMN].dropna()))
    parts = {f"mean of {len(names)}": replace(group, within=COLUMN)}
    parts |= {str(name): replace(group, distortion=str(name)) for name in names}
    return {name: leaderboard.row(part) for name, part in parts.items()}


def without_shared(parts: Mapping[str, Group | None]) -> dict[str, Group | None]:
    """The rows' groups without the contents that training has seen.

    A model that is not fitted here loses the contents that the fitted models of the table lose on
    the same part, so that all rows are of the same pictures. A group for which these contents are
    not known stays as it is.
    """
    fitted = [one for one in parts.values() if one is not None and one.record.train != NONE]
    seen = {_part(one): one for one in fitted if one.shared is not None}
    found: dict[str, Group | None] = {}
    for label, group in parts.items():
        like = None if group is None else seen.get(_part(group))
        if group is None or like is None:
            found[label] = group
            continue
        evaluations = group.evaluations
        if group.record.train == NONE:
            pairs = zip(evaluations, like.evaluations, strict=True)
            moved = (one.model_copy(update={"shared": other.shared}) for one, other in pairs)
            evaluations = tuple(moved)
        found[label] = replace(group, evaluations=evaluations, exclude_shared=True)
    return found


def _part(group: Group) -> tuple[object, ...]:
    record = group.record
    return record.test_hash, tuple((one.seed, one.contents) for one in group.evaluations)
