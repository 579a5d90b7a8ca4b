"""KADID-10k: ``images/I01.png`` and ``images/I01_TT_LL.png``, scores in ``dmos.csv``.

The column called ``dmos`` holds mean opinion scores, 1 to 5, higher is better; ``var`` is,
in spite of its name, the standard deviation of the raters' scores: 30 ratings whose mean is 4.57
can have the standard deviation .496, but not that variance.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.distort import find
from iqabench.kit.tree import Tree
from iqabench_datasets.files import need, table

if TYPE_CHECKING:
    import pandas as pd

LABELS = "dmos.csv"
RATERS = 30
"""Of each picture; 96% of the scores are multiples of 1/30 to the two digits that are published, so
a few ratings may have been left out."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of an unpacked archive.

    Raises:
        DataError: dmos.csv is damaged or holds something else.
        FileNotFoundError: it is missing.
    """
    import pandas as pd

    labels = table(Tree(root), LABELS, ("dist_img", "ref_img"))
    need(labels, ("dist_img", "ref_img", "dmos", "var"), LABELS)
    if (labels["var"] < 0).any():
        raise DataError(f"{LABELS} has a deviation below 0", "unpack the archive again")
    parts = labels["dist_img"].str.extract(r"I\d+_(\d+)_(\d+)\.png$").astype(int)
    return pd.DataFrame(
        {
            "image": "images/" + labels["dist_img"],
            "reference": "images/" + labels["ref_img"],
            "content": labels["ref_img"].str.removesuffix(".png"),
            "distortion": [find(kind).slug for kind in parts[0]],
            "level": parts[1],
            "mos": labels["dmos"],
            "mos_std": labels["var"],
            "raters": RATERS,
        }
    )
