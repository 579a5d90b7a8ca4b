"""KADID-10k: ``images/I01.png`` and ``images/I01_TT_LL.png``, scores in ``dmos.csv``.

The column called ``dmos`` holds mean opinion scores, 1 to 5, higher is better; ``var`` is the
variance of the raters' scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.kit.distort import find

if TYPE_CHECKING:
    import pandas as pd


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of an unpacked archive; raises FileNotFoundError without dmos.csv."""
    import numpy as np
    import pandas as pd

    labels = pd.read_csv(root / "dmos.csv")
    parts = labels["dist_img"].str.extract(r"I\d+_(\d+)_(\d+)\.png$").astype(int)
    return pd.DataFrame(
        {
            "image": "images/" + labels["dist_img"],
            "reference": "images/" + labels["ref_img"],
            "content": labels["ref_img"].str.removesuffix(".png"),
            "distortion": [find(kind).slug for kind in parts[0]],
            "level": parts[1],
            "mos": labels["dmos"],
            "mos_std": np.sqrt(labels["var"]),
        }
    )
