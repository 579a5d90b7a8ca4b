"""Critical-difference diagrams (Demsar, JMLR 7, 2006): mean ranks over test sets, best first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import groups
from iqabench.report.ranks import CROSS, Ranking, ranks
from iqabench.store import Store

WIDTH, LEFT, RIGHT = 640, 180, 460
AXIS, FIRST_BAR, BAR, LINE = 58, 72, 8, 18
"""Heights: of the axis, of the first bar below it, between bars, between names."""
LONGEST = 24
"""Letters of a name that fit beside the axis."""


@dataclass(frozen=True)
class Place:
    """A model's mean rank, where it lies on the axis, and where its name stands."""

    name: str
    rank: float
    x: float
    y: float
    on_the_left: bool


@dataclass(frozen=True)
class Diagram:
    """What is drawn, and the ranking that it draws."""

    title: str
    ranking: Ranking
    places: tuple[Place, ...]
    bars: tuple[tuple[float, float, float], ...]
    """Start, end and height of each bar: models that it joins cannot be told apart."""
    ticks: tuple[tuple[float, int], ...]
    reach: float
    """The critical difference in the units of the drawing."""
    height: float


@dataclass(frozen=True)
class Diagrams:
    """One for each way of training."""

    drawn: tuple[Diagram, ...]
    lacking: tuple[tuple[str, str], ...]
    """Ways of training that cannot be ranked, and why."""


def diagrams(store: Store, only: Iterable[str] | None, exclude_shared: bool) -> Diagrams:
    """What can be ranked of a store: models trained within each set, and on each one set."""
    keys = [group.keys for group in groups(store, only)]
    crossed = {one["train"] for one in keys if one["protocol"].startswith(CROSS)} - {"-"}
    drawn: list[Diagram] = []
    lacking: list[tuple[str, str]] = []
    for train in (None, *sorted(crossed)):
        title = "trained within each set" if train is None else f"trained on {train}"
        try:
            drawn.append(diagram(title, ranks(store, (), train, exclude_shared, only)))
        except UsageError as error:
            lacking.append((title, error.message))
    return Diagrams(tuple(drawn), tuple(lacking))


def diagram(title: str, ranking: Ranking) -> Diagram:
    """Where everything lies."""
    names = list(ranking.scores.index)
    rank = dict(zip(names, ranking.friedman.ranks, strict=True))
    step = (RIGHT - LEFT) / (len(names) - 1)

    def x(place: float) -> float:
        return round(LEFT + (place - 1) * step, 1)

    bars = tuple(
        (x(rank[alike[0]]) - 4, x(rank[alike[-1]]) + 4, FIRST_BAR + BAR * number)
        for number, alike in enumerate(ranking.cliques)
    )
    top = FIRST_BAR + BAR * len(bars) + LINE
    places = _places(rank, x, top)
    return Diagram(
        title,
        ranking,
        places,
        bars,
        tuple((x(number), number) for number in range(1, len(names) + 1)),
        ranking.critical_difference * step,
        max(place.y for place in places) + LINE,
    )


def _places(rank: dict[str, float], x: Callable[[float], float], top: float) -> tuple[Place, ...]:
    """The better half's names at the left, from the top down; the others' mirrored."""
    half = -(-len(rank) // 2)
    return tuple(
        Place(
            name if len(name) <= LONGEST else name[: LONGEST - 1] + "…",
            place,
            x(place),
            top + LINE * (number if number < half else len(rank) - 1 - number),
            number < half,
        )
        for number, (name, place) in enumerate(rank.items())
    )
