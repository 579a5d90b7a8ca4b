"""Pictures by group: metrics are computed within each group, then averaged over the groups.

The groups of a set may differ in quality so much that a model which only tells groups apart ranks
all pictures well. The mean over groups does not reward that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import Group, groups
from iqabench.store import Store

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def names(group: Group) -> list[Any]:
    """The groups of the test set, sorted; a single one, None, if all pictures count at once."""
    return sorted(set(group.table[group.within].dropna())) if group.within else [None]


def parts(group: Group, scored: pd.DataFrame) -> list[pd.DataFrame]:
    """The scored pictures of a repetition, in each of :func:`names`.

    A group of which fewer pictures are scored than a correlation needs is left out: it has no rows.
    """
    from iqabench.stats.agreement import MIN_SAMPLES

    if not group.within:
        return [scored]
    found = (scored[scored[group.within] == name] for name in names(group))
    return [part if len(part) >= MIN_SAMPLES else part[:0] for part in found]


def places(group: Group) -> NDArray[np.intp]:
    """(N,) for each picture of the test set the place of its group in :func:`names`; -1 if none."""
    import numpy as np
    import pandas as pd

    if not group.within:
        return np.zeros(len(group.table), dtype=np.intp)
    found = pd.Index(names(group)).get_indexer(group.table[group.within])
    return np.asarray(found, dtype=np.intp)


def counts(group: Group, frames: Sequence[pd.DataFrame], srocc: NDArray[Any]) -> dict[str, Any]:
    """The cells ``within``, ``groups`` and ``groups_left_out`` of a row of the leaderboard.

    Args:
        group: the row's group.
        frames: its repetitions.
        srocc: (K, G) values of the repetitions with scored pictures.
    """
    import numpy as np

    if not group.within:
        return {"within": "-", "groups": None, "groups_left_out": None}
    tested = sum(int(frame[group.within].nunique()) for frame in frames)
    defined = np.isfinite(srocc)
    return {
        "within": group.within,
        "groups": int(defined.any(axis=0).sum()) if defined.size else 0,
        "groups_left_out": tested - int(defined.sum()),
    }


def without_groups(store: Store, within: str, only: Iterable[str] | None = None) -> list[str]:
    """A line for each test set that is left out because it has no column ``within``.

    Raises:
        UsageError: no test set has the column.
    """
    if not within:
        return []
    wanted = None if only is None else list(only)
    tested = {group.record.test for group in groups(store, wanted)}
    grouped = {group.record.test for group in groups(store, wanted, within=within)}
    if tested and not grouped:
        raise UsageError(
            f"no test set in {store.root} has a column '{within}'",
            "`iqabench datasets show NAME` lists a set's columns",
        )
    return [f"left out: {test} has no column '{within}'" for test in sorted(tested - grouped)]
