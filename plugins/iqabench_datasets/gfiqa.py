"""GFIQA-20k: faces in ``image`` and ``mos_val_rating.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "mos_val_rating.csv"


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table.

    Raises:
        DataError: the label file is damaged or lacks a column.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    labels = table(Tree(root), LABELS, ("img_name",), ("mos",), need=("img_name", "mos"))
    found = pd.DataFrame({"image": "image/" + labels["img_name"], "mos": labels["mos"]})
    found.attrs = labels.attrs
    return found
