"""SPAQ: ``TestImage`` and a workbook in ``Annotations``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "Annotations/MOS and Image attribute scores.xlsx"


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table, without the scores of single attributes such as brightness.

    Raises:
        DataError: the workbook is damaged or lacks a column.
        FileNotFoundError: the workbook is missing.
    """
    import pandas as pd

    labels = table(Tree(root), LABELS, ("Image name",), ("MOS",), need=("Image name", "MOS"))
    found = pd.DataFrame({"image": "TestImage/" + labels["Image name"], "mos": labels["MOS"]})
    found.attrs = labels.attrs
    return found
