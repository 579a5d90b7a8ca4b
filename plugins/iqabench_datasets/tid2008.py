"""TID2008: the files of TID2013, with 17 types of distortion at four levels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.tree import Tree
from iqabench_datasets.tid2013 import TYPES, distorted

if TYPE_CHECKING:
    import pandas as pd

COUNT = 17
"""Number of types; they are the first ones of TID2013."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the distorted pictures.

    Raises:
        DataError: a line does not hold a score and a name, or the two label files differ in length.
        FileNotFoundError: a label file is missing.
    """
    return distorted(Tree(root), TYPES[:COUNT])
