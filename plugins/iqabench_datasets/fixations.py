"""Pictures and the fixations of people who looked at them; there are no scores of quality.

``fixations.csv`` has a row for each fixation: ``image``, the picture's name below ``images/``, and
``y`` and ``x`` in its pixels. Other columns, such as ``observer`` and ``duration_s``, are left out.
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
    """The canonical table, without ``mos``: every picture that has a fixation.

    Raises:
        DataError: the file lacks a column, has no rows, or holds something else than numbers.
        FileNotFoundError: it is missing.
    """
    import pandas as pd

    found = fixations_by_image(Tree(root).path(FILE))
    if EVERY in found:
        raise DataError(f"{FILE} lacks the column image", "say which picture each fixation is on")
    return pd.DataFrame({"image": [FOLDER + name for name in found], "fixations": FILE})
