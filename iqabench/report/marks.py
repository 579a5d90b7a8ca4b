"""Marks the rows of a leaderboard that a paper may print in bold or underlined."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.report.compare import judged
from iqabench.report.evaluations import Group, counted_once, tested_alike
from iqabench.report.leaderboard import ranked, scored_images
from iqabench.report.noise import covering
from iqabench.report.tables import BEST, SECOND
from iqabench.report.verdicts import BETTER
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.stats.mapping import Mapping as MappingName


def marks(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    mapping: MappingName = "logistic4",
    within: str = "",
) -> list[str]:
    """A mark for each row of the leaderboard that has the same arguments.

    One model leads another if the default test finds it better, with p adjusted over all pairs
    tested alike, and if no noise band covers their difference in SROCC.

    Returns:
        For each test set and protocol: ``best`` for the row with the highest SROCC if it leads the
        next row; ``second`` for that next row if it also leads the third. All other rows have an
        empty string. Rows of models that skipped pictures take no part, unless all models skipped
        the same ones; but a row is not marked if such a model is better on their common pictures.
    """
    found = ranked(store, only, exclude_shared, mapping=mapping, within=within)
    made: list[str] = []
    for _, part in itertools.groupby(found, lambda one: (one[1]["test"], one[1]["protocol"])):
        made += _of_part(list(part))
    return made


def _of_part(ranked: Sequence[tuple[Group, Mapping[str, Any]]]) -> list[str]:
    """The marks of the rows of one test set and protocol, which are sorted best first."""
    once, _ = counted_once([group for group, _ in ranked])
    rows = [(group, row) for group, row in ranked if group in once]
    better = _better([group for group, _ in rows])
    places = _comparable(rows)
    others = set(range(len(rows))).difference(places)
    leads = itertools.takewhile(
        lambda pair: (
            pair in better
            and covering(*(rows[place][1] for place in pair)) is None
            and not any((other, pair[0]) in better for other in others)
        ),
        itertools.pairwise(places),
    )
    marked = {
        rows[place][0].predictions_of: mark
        for mark, (place, _) in zip((BEST, SECOND), leads, strict=False)
    }
    return [marked.get(group.predictions_of, "") for group, _ in ranked]


def _comparable(ranked: Sequence[tuple[Group, Mapping[str, Any]]]) -> list[int]:
    """Places of the rows that may be marked: of models that scored every picture.

    If there are none, these are the rows of all models with predictions, provided that all have
    scored the same pictures.
    """
    whole = [place for place, (_, row) in enumerate(ranked) if row["n"] == row["tested"]]
    if whole:
        return whole
    some = [place for place, (_, row) in enumerate(ranked) if row["n"]]
    scored = {scored_images(ranked[place][0]) for place in some}
    return some if len(scored) == 1 else []


def _better(groups: Sequence[Group]) -> set[tuple[int, int]]:
    """Pairs of places in ``groups``; the first place's model is better than the second's."""
    from iqabench.stats.significance import DEFAULT

    place = {group.identity: number for number, group in enumerate(groups)}
    found = set()
    for same in tested_alike(groups):
        pairs = itertools.combinations(same, 2)
        for (a, b), row in zip(pairs, judged(same, DEFAULT), strict=True):
            if row["verdict"] == BETTER:
                found.add((place[a.identity], place[b.identity]))
    return found
