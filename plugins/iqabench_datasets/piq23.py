"""PIQ23: portraits of 50 scenes, rated for overall quality, exposure of the face, and its details.

Scores are just-objectionable differences (JOD) from comparisons within a scene. Each scene's scores
have the mean 0, so a score says nothing about pictures of another scene. Therefore a scene is both
the content that no split cuts and, as ``distortion``, the group within which reports give
agreement. The published ``JOD STD`` is the uncertainty of the score, not the deviation of the
raters; it is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree
from iqabench_datasets.attributes import chosen

if TYPE_CHECKING:
    import pandas as pd

ATTRIBUTES = {"overall": "Overall", "exposure": "Exposure", "details": "Details"}
"""Attribute -> its folder of pictures, which is also in the name of its label file."""
SPLITS = ("Scene Split.csv", "Test split/Scene Split.csv")
"""Where the split by scenes may be. The archive does not have it; the authors' repository does."""
PARTS = {"Train": "train", "Test": "test"}


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of one attribute, with the split by scenes if its file is there.

    Args:
        root: the folder that holds the label files and the folders of pictures.
        options: ``attribute``: overall (the default), exposure or details.

    Raises:
        DataError: the attribute is not known, or a label file is damaged or lacks a column.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    tree, folder = Tree(root), chosen(options, ATTRIBUTES)
    words, numbers = ("IMAGE", "SCENE"), ("JOD",)
    labels = table(tree, f"Scores_{folder}.csv", words, numbers, need=(*words, *numbers))
    found = pd.DataFrame(
        {
            "image": f"{folder}/" + labels["IMAGE"],
            "content": labels["SCENE"],
            "distortion": labels["SCENE"],
            "mos": labels["JOD"],
        }
    )
    place = next((place for place in SPLITS if tree.has(place)), None)
    if place is not None:
        split = table(tree, place, ("SCENE", "SPLIT"), need=("SCENE", "SPLIT"))
        parts = dict(zip(split["SCENE"], split["SPLIT"], strict=True))
        given = labels["SCENE"].map(parts)
        found["official_split"] = given.map(PARTS).fillna(given)
    found.attrs = labels.attrs
    return found
