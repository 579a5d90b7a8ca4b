"""Critical-difference diagrams (Demsar, JMLR 7, 2006): mean ranks over test sets, best first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import groups
from iqabench.report.ranks import Ranking, ranks
from iqabench.store import Store
from iqabench.store.records import NONE

WIDTH, LEFT, RIGHT = 740, 230, 510
AXIS, FIRST_BAR, BAR, LINE = 58, 72, 8, 18
"""Vertical positions of the axis and of the first bar; distance of bars; distance of names."""
LONGEST = 24
"""Most letters of a name that fit beside the axis."""


@dataclass(frozen=True)
class Place:
    """A model's mean rank, its position on the axis (x), and the position of its name (y, side)."""

    name: str
    rank: float
    x: float
    y: float
    on_the_left: bool


@dataclass(frozen=True)
class Diagram:
    """The ranking, and the positions of all parts of its drawing."""

    title: str
    ranking: Ranking
    places: tuple[Place, ...]
    bars: tuple[tuple[float, float, float], ...]
    """Start, end and vertical position of each bar; a bar joins models that do not differ."""
    ticks: tuple[tuple[float, int], ...]
    reach: float
    """The critical difference in the units of the drawing."""
    height: float


@dataclass(frozen=True)
class Diagrams:
    """A diagram for models trained within each set, and one for each common training set."""

    drawn: tuple[Diagram, ...]
    lacking: tuple[tuple[str, str], ...]
    """Titles of the diagrams that cannot be drawn, each with the reason."""


def diagrams(
    store: Store, only: Iterable[str] | None, exclude_shared: bool, within: str = ""
) -> Diagrams:
    """All rankings of a store: of models trained within each set, and of those with one common
    training set.
    """
    crossed = {group.record.train for group in groups(store, only) if group.across} - {NONE}
    drawn: list[Diagram] = []
    lacking: list[tuple[str, str]] = []
    for train in (None, *sorted(crossed)):
        title = "trained within each set" if train is None else f"trained on {train}"
        try:
            drawn.append(diagram(title, ranks(store, (), train, exclude_shared, only, within)))
        except UsageError as error:
            lacking.append((title, error.message))
    return Diagrams(tuple(drawn), tuple(lacking))


def diagram(title: str, ranking: Ranking) -> Diagram:
    """Compute the positions of all parts of a diagram."""
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


def _fitting(name: str) -> str:
    """The name if it fits, else its beginning and its end, where names of one label differ."""
    return name if len(name) <= LONGEST else f"{name[:9]}…{name[10 - LONGEST :]}"


def _places(rank: dict[str, float], x: Callable[[float], float], top: float) -> tuple[Place, ...]:
    """Names of the better half at the left, best on top; of the others at the right, best below."""
    half = -(-len(rank) // 2)
    return tuple(
        Place(
            _fitting(name),
            place,
            x(place),
            top + LINE * (number if number < half else len(rank) - 1 - number),
            number < half,
        )
        for number, (name, place) in enumerate(rank.items())
    )
