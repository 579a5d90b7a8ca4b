"""AGIQA-3K: pictures generated from 300 prompts, rated for quality and for fit to the prompt.

The pictures of one prompt show the same and are a content. ``distortion`` is the generator and its
settings, as the file's name has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import PLACES, table
from iqabench.kit.tree import Tree
from iqabench_datasets.attributes import chosen

if TYPE_CHECKING:
    import pandas as pd

LABELS = "data.csv"
ATTRIBUTES = {"quality": "quality", "alignment": "align"}
"""Attribute -> the end of its columns' names."""
FOLDERS = ("", "AGIQA-3K/", "images/", "image/")
"""Where the pictures may be: the archive's layout is not stated, and its users have these."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of one attribute.

    Args:
        root: the folder that holds data.csv and the pictures or their folder.
        options: ``attribute``: quality (the default) or alignment.

    Raises:
        DataError: the attribute is not known, the label file is damaged or lacks a column, or a
            picture's name does not tell its generator.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    tree, end = Tree(root), chosen(options, ATTRIBUTES)
    words, numbers = ("name", "prompt"), (f"mos_{end}", f"std_{end}")
    labels = table(tree, LABELS, words, numbers, need=(*words, *numbers))
    makers = labels["name"].str.extract(r"^(.+)_\d+\.jpg$")[0]
    if makers.isna().any():
        place = labels.attrs[PLACES].of(makers.isna().idxmax(), "name")
        raise DataError(f"{place}: no name of a picture", "fetch the file again")
    there = (folder for folder in FOLDERS if any(tree.has(folder + n) for n in labels["name"][:1]))
    found = pd.DataFrame(
        {
            "image": next(there, FOLDERS[0]) + labels["name"],
            "content": labels["prompt"],
            "distortion": makers,
            "mos": labels[f"mos_{end}"],
            "mos_std": labels[f"std_{end}"],
        }
    )
    found.attrs = labels.attrs
    return found
