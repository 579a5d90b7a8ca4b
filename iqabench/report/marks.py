"""Which rows of a leaderboard a paper may print in bold, and which underlined."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from iqabench.report.compare import judged
from iqabench.report.evaluations import Group, tested_alike
from iqabench.report.leaderboard import ranked
from iqabench.report.noise import covering
from iqabench.report.verdicts import BETTER
from iqabench.store import Store

BEST, SECOND = "best", "second"


def marks(
    store: Store, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> list[str]:
    """A mark for each row of the :func:`leaderboard` of the same arguments.

    Returns:
        ``best`` for the highest SROCC on a test set under a protocol, where the default test finds
        that model better than the next row's, p adjusted over all pairs tested alike, and no noise
        band covers their difference; ``second`` for that row, where the same holds between it and
        the third; else an empty string.
    """
    found = ranked(store, only, exclude_shared)
    made: list[str] = []
    for _, part in itertools.groupby(found, lambda one: (one[1]["test"], one[1]["protocol"])):
        made += _of_part(list(part))
    return made


def _of_part(ranked: Sequence[tuple[Group, Mapping[str, Any]]]) -> list[str]:
    """The marks of one test set and protocol, best first."""
    better = _better([group for group, _ in ranked])
    leads = itertools.takewhile(
        lambda pair: pair in better and covering(*(ranked[place][1] for place in pair)) is None,
        itertools.pairwise(range(len(ranked))),
    )
    marked = [BEST, SECOND][: len(list(leads))]
    return [*marked, *[""] * (len(ranked) - len(marked))]


def _better(groups: Sequence[Group]) -> set[tuple[int, int]]:
    """Places of pairs of which the former is the better model."""
    from iqabench.stats.significance import DEFAULT

    place = {group.identity: number for number, group in enumerate(groups)}
    found = set()
    for same in tested_alike(groups):
        pairs = itertools.combinations(same, 2)
        for (a, b), row in zip(pairs, judged(same, DEFAULT), strict=True):
            if row["verdict"] == BETTER:
                found.add((place[a.identity], place[b.identity]))
    return found
