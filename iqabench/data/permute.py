"""Gives each picture another content's: controls that keep maps and break what they belong to."""

from __future__ import annotations

from iqabench.contract.errors import DataError
from iqabench.data.splits import shuffled
from iqabench.data.tables import Dataset


def partners(dataset: Dataset, seed: int) -> dict[str, str]:
    """For every image and pristine picture of a set, one of another content.

    The contents form a ring, in the order of a hash keyed by the seed, and each is given the next
    one's pictures: its k-th image by name that one's k-th, counted round where there are fewer, and
    its pristine picture that one's. So the k-th is of the same distortion and level where all
    contents are distorted alike.

    Raises:
        DataError: the set has one content.
    """
    table = dataset.table
    ring = shuffled(table["content"], seed)
    if len(ring) < 2:
        raise DataError(
            f"data set '{dataset.name}' has one content: no map of another can be given",
            "shuffle the maps of a larger set",
        )
    images = {content: sorted(rows["image"]) for content, rows in table.groupby("content")}
    pristine: dict[str, list[str]] = {content: [] for content in ring}
    if "reference" in table:
        of = dict(zip(table["reference"], table["content"], strict=True))
        for name in sorted(set(table["reference"]) - set(table["image"])):
            pristine[of[name]].append(name)
    found: dict[str, str] = {}
    for content, other in zip(ring, [*ring[1:], ring[0]], strict=True):
        for mine, theirs in (
            (images[content], images[other]),
            (pristine[content], pristine[other] or images[other]),
        ):
            found |= {name: theirs[k % len(theirs)] for k, name in enumerate(mine)}
    return found
