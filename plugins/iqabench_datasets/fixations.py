"""Pictures with people's fixations and without scores of quality.

``fixations.csv`` has one row per fixation: ``image``, the picture's name below ``images/``, and its
position ``y`` and ``x`` in pixels. Other columns, such as ``observer`` and ``duration_s``, are left
out.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.fixations import EVERY, fixations_by_image
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

FILE = "fixations.csv"
FOLDER = "images/"


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table, without ``mos``, of every picture that has a fixation.

    Raises:
        DataError: fixations.csv lacks a column, has no rows, or has a position that is no number.
        FileNotFoundError: fixations.csv is missing.
    """
    import pandas as pd

    found = fixations_by_image(Tree(root).path(FILE))
    if EVERY in found:
        raise DataError(f"{FILE} lacks the column image", "say which picture each fixation is on")
    return pd.DataFrame({"image": [FOLDER + name for name in found], "fixations": FILE})
