"""Describes a data set: facts, counts, and a histogram of its scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.catalog import BoundDataset
from iqabench.data.tables import Dataset
from iqabench.store.files import write_picture

if TYPE_CHECKING:
    import pandas as pd

BINS = 20
BAR = 30
"""Length in characters of the longest bar of a histogram in the terminal."""


def facts(bound: BoundDataset) -> dict[str, Any]:
    """Facts about a set from its card and the catalogues; unknown facts are left out."""
    card = bound.card
    protocol = card.protocol
    split = {
        "k-fold": f"{protocol.folds} folds of contents",
        "official": "the published split",
        "hold-out": f"hold-out of {protocol.test_share:.0%} of contents, "
        f"{protocol.validation_share:.0%} for validation",
    }[protocol.kind]
    found = {
        "data set": card.name,
        "title": card.title,
        "root": str(bound.root) if bound.root else "not set",
        "labels": card.label_kind + (f", {card.direction} is better" if card.labelled else ""),
        "range": "{:g} to {:g}".format(*card.score_range) if card.score_range else "",
        "protocol": f"{split}; {protocol.seeds} repetitions" if card.labelled else "",
        "images on the card": card.images or "",
        "contents on the card": card.contents or "",
        "levels without order": ", ".join(card.unordered),
        "archive": card.archive.filename,
        "repository": f"{card.repository.name} at {card.repository.commit[:7]}"
        if card.repository
        else "",
        "homepage": card.homepage,
        "licence": card.licence,
        "citation": card.citation,
    }
    return {key: value for key, value in found.items() if value != ""}


def counts(dataset: Dataset) -> dict[str, Any]:
    """Counts of a set's images, contents and so on, and the range of its scores, from its files."""
    table = dataset.table
    found: dict[str, Any] = {
        "images": len(table),
        "contents": table["content"].nunique(),
    }
    if dataset.card.labelled:
        low, high, mean = table["mos"].min(), table["mos"].max(), table["mos"].mean()
        found["scores"] = f"{low:.4g} to {high:.4g}, mean {mean:.4g}"
    if dataset.notes:
        found["notes"] = "; ".join(dataset.notes)
    found["columns"] = ", ".join(table.columns)
    if "reference" in table:
        found["references"] = table["reference"].nunique()
    if "distortion" in table:
        found["distortions"] = table["distortion"].nunique()
    return found


def levels(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per distortion with its number of pictures, at each level if the set has levels.

    Empty if the set has no distortions.
    """
    if "distortion" not in table:
        return []
    if "level" not in table:
        sizes = table.groupby("distortion").size()
        return [{"distortion": name, "images": int(size)} for name, size in sizes.items()]
    grid = table.groupby(["distortion", "level"]).size().unstack(fill_value=0)
    return [
        {"distortion": name, **{f"level {level}": int(row[level]) for level in grid.columns}}
        for name, row in grid.iterrows()
    ]


def histogram(dataset: Dataset) -> list[str]:
    """The distribution of the published scores as a histogram in lines of text."""
    import numpy as np

    sizes, edges = np.histogram(dataset.table["mos"], BINS)
    width = max(len(f"{edge:.4g}") for edge in edges)
    return [
        f"{edges[i]:{width}.4g} .. {edges[i + 1]:{width}.4g} {size:6d} "
        + "#" * round(BAR * size / sizes.max())
        for i, size in enumerate(sizes)
    ]


def draw(dataset: Dataset, path: Path) -> None:
    """Draw the distribution of the published scores as a PNG.

    Raises:
        OSError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    card = dataset.card
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.hist(dataset.table["mos"], BINS, color="#205493", edgecolor="white")
    proxy = ", proxy labels" if card.label_kind == "proxy" else ""
    axes.set_xlabel(f"score as published ({card.direction} is better{proxy})")
    axes.set_ylabel("images")
    axes.set_title(f"{card.name}: {len(dataset.table)} images", fontsize=10)
    write_picture(path, lambda stream: figure.savefig(stream, dpi=150, format="png"))
