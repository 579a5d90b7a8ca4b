"""LIVE In the Wild Image Quality Challenge Database: ``Images`` and three files in ``Data``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import matlab
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

TRAINING = 7
"""Number of pictures that the raters were trained with; they are the first entries, ``t1`` to
``t7``."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the rated pictures, without the raters' training pictures.

    Raises:
        DataError: a label file is damaged, or the files do not fit each other.
        FileNotFoundError: a label file is missing.
    """
    import pandas as pd

    tree = Tree(root)
    (names,) = matlab(tree, "Data/AllImages_release.mat", "AllImages_release")
    (scores,) = matlab(tree, "Data/AllMOS_release.mat", "AllMOS_release")
    (deviations,) = matlab(tree, "Data/AllStdDev_release.mat", "AllStdDev_release")
    if not len(names) == len(scores) == len(deviations):
        raise DataError(
            f"{len(names)} names, {len(scores)} scores and {len(deviations)} deviations in Data",
            "unpack the archive again",
        )
    if [name for name in names if name.startswith("t")] != list(names[:TRAINING]):
        raise DataError(
            f"Data/AllImages_release.mat does not begin with {TRAINING} training pictures",
            "unpack the archive again",
        )
    return pd.DataFrame(
        {
            "image": [f"Images/{name}" for name in names],
            "mos": scores,
            "mos_std": deviations,
        }
    )[TRAINING:].reset_index(drop=True)
