"""SPAQ: ``TestImage`` and a workbook in ``Annotations``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.tree import Tree
from iqabench_datasets.files import need, sheet

if TYPE_CHECKING:
    import pandas as pd

LABELS = "Annotations/MOS and Image attribute scores.xlsx"


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table; the scores of single attributes, such as brightness, are left out.

    Raises:
        DataError: the workbook is damaged or holds something else.
        FileNotFoundError: it is missing.
    """
    import pandas as pd

    labels = sheet(Tree(root), LABELS, ("Image name",))
    need(labels, ("Image name", "MOS"), LABELS)
    return pd.DataFrame({"image": "TestImage/" + labels["Image name"], "mos": labels["MOS"]})
