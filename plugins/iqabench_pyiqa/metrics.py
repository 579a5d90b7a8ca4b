"""The cards of pyiqa's metrics, from the table that ``make pyiqa-table`` writes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from iqabench.contract import ModelCard, WeightsCard

from .files import LICENCE, file

TABLE = "metrics.csv"
TAKEN = frozenset(
    {"brisque", "niqe", "piqe"} | {"cnniqa", "dbcnn", "hyperiqa", "maniqa", "tres", "wadiqam"}
)
"""Names of models that iqabench itself has; pyiqa's metrics of these names are ``pyiqa-NAME``."""
BEHAVIOUR = 1
"""Raise this when our code around pyiqa's metrics computes other numbers."""
NO_SCORE = {
    "clipscore": "compares pictures with captions",
    "fid": "compares sets of pictures",
    "fid_dinov2": "compares sets of pictures",
    "inception_score": "scores sets of pictures",
    "sfid": "compares sets of pictures",
}
"""Entries of pyiqa's list that give no score of a picture -> the reason."""


@dataclass(frozen=True)
class Row:
    """One metric of pyiqa's registry."""

    metric: str
    architecture: str
    module: str
    """Name of the module in ``pyiqa.archs``."""
    mode: str
    """``NR`` or ``FR``."""
    direction: str
    range: str
    """Approximate range of the scores; ``~`` marks a typical bound that scores may exceed."""
    weights: str
    """Address of the metric's own weights; empty if it has none except those of a backbone."""
    trained_on: str
    """Training sets of these weights, separated by spaces; empty if they are not known."""

    @property
    def name(self) -> str:
        """The metric's name in iqabench."""
        plain = self.metric.lower()
        return f"pyiqa-{plain}" if plain in TAKEN else plain


@cache
def rows() -> dict[str, Row]:
    """pyiqa's name of a metric -> its row."""
    text = (files(__package__) / TABLE).read_text(encoding="utf-8")
    return {line["metric"]: Row(**line) for line in csv.DictReader(text.splitlines())}


def cards() -> Iterator[ModelCard]:
    """A card for every metric that scores pictures."""
    for row in rows().values():
        if row.metric not in NO_SCORE:
            yield _card(row)


def _card(row: Row) -> ModelCard:
    limits = row.range.replace(", ", " to ")
    return ModelCard(
        name=row.name,
        summary=f"{row.architecture} as pyiqa has it; scores {limits}",
        kind="scorer",
        factory="iqabench_pyiqa.metric:Metric",
        options="iqabench_pyiqa.options:MetricOptions",
        defaults={"metric": row.metric},
        full_reference=row.mode == "FR",
        direction="lower" if row.direction == "lower" else "higher",
        behaviour=BEHAVIOUR,
        weights=_weights(row),
        extra="pyiqa",
        requires="pyiqa",
        licence=LICENCE,
    )


def _weights(row: Row) -> tuple[WeightsCard, ...]:
    return (file(row.weights, *row.trained_on.split()),) if row.weights else ()
