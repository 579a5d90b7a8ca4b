"""Pairs each picture with a picture of another content, whose saliency map it gets.

This makes a control for experiments: the maps are the same, but no map belongs to its picture.
"""

from __future__ import annotations

from iqabench.contract.errors import DataError
from iqabench.data.splits import shuffled
from iqabench.data.tables import Dataset


def partners(dataset: Dataset, seed: int) -> dict[str, str]:
    """Every image and pristine picture of a set -> its partner, a picture of another content.

    The contents form a ring, in the order of a hash keyed by the seed. The partners of a content's
    pictures are pictures of the next content in the ring. The images of each content are sorted by
    name, and the k-th image gets the next content's k-th image. If the next content has fewer
    images, counting begins again at its first image. A pristine picture gets the next content's
    pristine picture, or an image if that content has none. So partners have the same distortion and
    level if all contents are distorted in the same way.

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
