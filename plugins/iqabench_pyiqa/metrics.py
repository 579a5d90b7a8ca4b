"""The cards of pyiqa's metrics, from the table that ``make pyiqa-table`` writes."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from iqabench.contract import ModelCard, WeightsCard
from iqabench.kit.start_weights import start_weights

from .files import (
    ALEXNET,
    LICENCE,
    RESNET50,
    RESNET50_OLD,
    RN50,
    VGG16,
    VGG19,
    VIT_B_32,
    VIT_L_14,
    file,
)

TABLE = "metrics.csv"
TAKEN = frozenset(
    {"brisque", "niqe", "piqe"} | {"cnniqa", "dbcnn", "hyperiqa", "maniqa", "tres", "wadiqam"}
)
"""Names of models that iqabench itself has; pyiqa's metrics of these names are ``pyiqa-NAME``."""
BEHAVIOUR = 1
"""Raise this when our code around pyiqa's metrics computes other numbers."""
BACKBONES: dict[str, str | WeightsCard] = {
    "AFINE": VIT_B_32,
    "AHIQ": start_weights("resnet50"),
    "ARNIQA": RESNET50,
    "CKDN": RESNET50_OLD,
    "CLIPIQA": RN50,
    "Compare2Score": "https://huggingface.co/VQA-CityU/Compare2Score_1",
    "DISTS": VGG16,
    "DMM": VGG16,
    "DeepDC": VGG19,
    "FGResQ": "https://huggingface.co/openai/clip-vit-base-patch16",
    "LAIONAes": VIT_L_14,
    "LIQE": VIT_B_32,
    "LPIPS": ALEXNET,
    "MACLIP": RN50,
    "QualiCLIP": RN50,
    "clipiqa+_vitL14_512": VIT_L_14,
    "lpips-vgg": VGG16,
    "lpips-vgg+": VGG16,
}
"""Architecture, or a metric that differs from others of its architecture -> address or card of the
backbone that pyiqa builds it on, beside the metric's own weights."""
MODULES = {"QAlign": ("icecream",)}
"""Architecture -> modules that it imports and that pyiqa does not install."""
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
        needs=_backbone(row),
        extra="pyiqa",
        requires="pyiqa",
        also_requires=MODULES.get(row.architecture, ()),
        licence=LICENCE,
    )


def _weights(row: Row) -> tuple[WeightsCard, ...]:
    return (file(row.weights, *row.trained_on.split()),) if row.weights else ()


def _backbone(row: Row) -> tuple[WeightsCard, ...]:
    backbone = BACKBONES.get(row.metric) or BACKBONES.get(row.architecture)
    if backbone is None:
        return ()
    return (file(backbone) if isinstance(backbone, str) else backbone,)
