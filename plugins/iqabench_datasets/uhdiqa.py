"""UHD-IQA: photographs 3840 pixels wide, in one folder for each part of the published split."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "uhd-iqa-metadata.csv"
PARTS = {"training": "train", "validation": "validation", "test": "test"}
RATERS = 10
"""Each of them rated each picture twice."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table, with the published split.

    Raises:
        DataError: the label file is damaged or lacks a column.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    words, numbers = ("image_name", "set"), ("quality_mos",)
    labels = table(Tree(root), LABELS, words, numbers, need=(*words, *numbers))
    found = pd.DataFrame(
        {
            "image": labels["set"] + "/" + labels["image_name"],
            "mos": labels["quality_mos"],
            "raters": RATERS,
            "official_split": labels["set"].map(PARTS).fillna(labels["set"]),
        }
    )
    found.attrs = labels.attrs
    return found
