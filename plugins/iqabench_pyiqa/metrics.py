"""Cards of everything pyiqa scores with, from the table that ``make pyiqa-table`` writes."""

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
"""Names of models that iqabench has itself; pyiqa's go by ``pyiqa-NAME``."""
NO_SCORE = {
    "clipscore": "compares pictures with captions",
    "fid": "compares sets of pictures",
    "fid_dinov2": "compares sets of pictures",
    "inception_score": "scores sets of pictures",
    "sfid": "compares sets of pictures",
}
"""What pyiqa lists that gives a picture no score, and why."""


@dataclass(frozen=True)
class Row:
    """One metric as pyiqa registers it."""

    metric: str
    architecture: str
    module: str
    """Of ``pyiqa.archs``."""
    mode: str
    """``NR`` or ``FR``."""
    direction: str
    range: str
    """Rough, ``~`` where a bound is only usual."""
    weights: str
    """Address of its own weights; empty where it has none beside a backbone's."""
    trained_on: str
    """Data sets those have seen, separated by spaces; empty where that is not known."""

    @property
    def name(self) -> str:
        """What iqabench calls it."""
        plain = self.metric.lower()
        return f"pyiqa-{plain}" if plain in TAKEN else plain


@cache
def rows() -> dict[str, Row]:
    """The table, by pyiqa's names."""
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
        weights=_weights(row),
        extra="pyiqa",
        requires="pyiqa",
        licence=LICENCE,
    )


def _weights(row: Row) -> tuple[WeightsCard, ...]:
    return (file(row.weights, *row.trained_on.split()),) if row.weights else ()
