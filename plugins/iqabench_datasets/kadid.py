"""KADID-10k: ``images/I01.png`` and ``images/I01_TT_LL.png``, scores in ``dmos.csv``.

The column ``dmos`` holds mean opinion scores, 1 to 5, higher is better. The column ``var`` holds
the standard deviation of the raters' scores, in spite of its name: 30 ratings with the mean 4.57
can have a standard deviation of .496, but they cannot have a variance of .496.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.distort import find
from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "dmos.csv"
RATERS = 30
"""Raters of each picture. To the two published digits, 96% of the scores are multiples of 1/30, so
the authors may have left out a few ratings."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of an unpacked archive.

    Raises:
        DataError: dmos.csv is damaged, lacks a column or has a negative deviation.
        FileNotFoundError: dmos.csv is missing.
    """
    import pandas as pd

    words, numbers = ("dist_img", "ref_img"), ("dmos", "var")
    labels = table(Tree(root), LABELS, words, numbers, need=(*words, *numbers))
    if (labels["var"] < 0).any():
        raise DataError(f"{LABELS} has a deviation below 0", "unpack the archive again")
    parts = labels["dist_img"].str.extract(r"I\d+_(\d+)_(\d+)\.png$").astype(int)
    found = pd.DataFrame(
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
    found.attrs = labels.attrs
    return found
