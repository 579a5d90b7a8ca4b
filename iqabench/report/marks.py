"""Which rows of a leaderboard a paper may print in bold, and which underlined."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from iqabench.report.evaluations import Group, tested_alike
from iqabench.report.leaderboard import difference, ranked
from iqabench.store import Store

BEST, SECOND = "best", "second"


def marks(
    store: Store, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> list[str]:
    """A mark for each row of the :func:`leaderboard` of the same arguments.

    Returns:
        ``best`` for the highest SROCC on a test set under a protocol, where the 95% interval of
        the paired difference to the next row excludes 0; ``second`` for that row, where the same
        holds between it and the third; else an empty string.
    """
    found = ranked(store, only, exclude_shared)
    made: list[str] = []
    for _, part in itertools.groupby(found, lambda one: (one[1]["test"], one[1]["protocol"])):
        same = [group for group, _ in part]
        leads = list(itertools.takewhile(lambda pair: _better(*pair), itertools.pairwise(same[:3])))
        marked = [BEST, SECOND][: len(leads)]
        made += [*marked, *[""] * (len(same) - len(marked))]
    return made


def _better(first: Group, second: Group) -> bool:
    """Whether the first is better for sure; not where their test parts differ."""
    return len(tested_alike([first, second])) == 1 and difference(first, second)["low"] > 0
