"""LIVE Image Quality Assessment Database, release 2: the folder ``databaserelease2``.

The reader takes the realigned scores of ``dmos_realigned.mat``, not the older scores of
``dmos.mat``. The table has no levels, because the set has none: each folder's ``info.txt`` gives a
continuous parameter, whose unit and direction differ between folders.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import matlab
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

FOLDERS = {
    "jp2k": ("jpeg2000", 227),
    "jpeg": ("jpeg", 233),
    "wn": ("white-noise", 174),
    "gblur": ("gaussian-blur", 174),
    "fastfading": ("fast-fading", 174),
}
"""Folder -> distortion and number of pictures, in the order of the label files."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the distorted pictures, without the undistorted copies among them.

    Raises:
        DataError: a label file is damaged or has another number of entries.
        FileNotFoundError: a label file is missing.
    """
    import pandas as pd

    tree = Tree(root)
    scores, copies, deviations = matlab(tree, "dmos_realigned.mat", "dmos_new", "orgs", "dmos_std")
    (references,) = matlab(tree, "refnames_all.mat", "refnames_all")
    places = [
        (f"{folder}/img{number}.bmp", distortion)
        for folder, (distortion, count) in FOLDERS.items()
        for number in range(1, count + 1)
    ]
    for name, values in (
        ("dmos_new", scores),
        ("orgs", copies),
        ("dmos_std", deviations),
        ("refnames_all", references),
    ):
        if len(values) != len(places):
            raise DataError(
                f"{name} has {len(values)} entries, not {len(places)}", "is this release 2 of LIVE?"
            )
    table = pd.DataFrame(places, columns=["image", "distortion"])
    table["reference"] = [f"refimgs/{name}" for name in references]
    table["content"] = [name.removesuffix(".bmp") for name in references]
    table["mos"] = scores
    table["mos_std"] = deviations
    rated: pd.DataFrame = table.loc[copies != 1]
    return rated.reset_index(drop=True)
