"""PIPAL, the public training part: references, their label files, and four folders of pictures.

Scores are Elo ratings. They come from comparisons of the versions of one reference; no comparison
joins two references. The labels of the validation and test references are not public. A picture's
name, ``A0001_03_12.bmp``, holds reference, class and number within the class. The authors name no
classes there, so the table has their numbers; the number within a class orders no severity.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import PLACES, text_table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

REFERENCES, LABELS = "Train_Ref", "Train_Label"
FOLDERS = (
    *(f"Distortion_{number}" for number in range(1, 5)),
    *(f"Distortion{number}" for number in range(1, 5)),
    "Dist_Imgs",
)
"""Folders of distorted pictures: the four of the archive, in both spellings that its users have,
and the one into which pyiqa's copy of the set joins them."""
CANDIDATES = 250
"""References are numbered from A0000 to A0249; 200 of them are in the training part."""
VERSIONS = 116
NAME = re.compile(r"(A\d{4})_(\d\d)_\d\d\.bmp")


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the distorted pictures of the training part.

    Raises:
        DataError: a reference has no label file or a label file no reference, or a label file
            does not hold 116 scores of its reference's versions.
        FileNotFoundError: there are no label files.
    """
    import pandas as pd

    tree = Tree(root)
    names = [f"A{number:04d}" for number in range(CANDIDATES)]
    rated = [name for name in names if tree.has(f"{LABELS}/{name}.txt")]
    odd = {*rated} ^ {name for name in names if tree.has(f"{REFERENCES}/{name}.bmp")}
    if odd:
        first = min(odd)
        raise DataError(
            f"{REFERENCES}/{first}.bmp or {LABELS}/{first}.txt is there without the other",
            "unpack the archives again",
        )
    if not rated:
        missing = f"{LABELS}/A0001.txt"
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root / missing))
    found = [_versions(tree, name) for name in rated]
    return pd.concat(found, ignore_index=True)


def _versions(tree: Tree, reference: str) -> pd.DataFrame:
    import pandas as pd

    file = f"{LABELS}/{reference}.txt"
    labels = text_table(tree, file, {"name": 1, "mos": 2}, ("mos",))
    if len(labels) != VERSIONS:
        raise DataError(f"{file} has {len(labels)} rows, not {VERSIONS}", "unpack it again")
    rows = [
        _row(tree, labels.attrs[PLACES].of(line), reference, name)
        for line, name in labels["name"].items()
    ]
    return pd.DataFrame(rows).assign(mos=list(labels["mos"]))


def _row(tree: Tree, place: str, reference: str, name: str | None) -> dict[str, str]:
    parts = NAME.fullmatch(name or "")
    if parts is None or parts[1] != reference:
        raise DataError(f"{place}: no name of a version of {reference}", "unpack it again")
    places = (f"{folder}/{name}" for folder in FOLDERS)
    return {
        "image": next((place for place in places if tree.has(place)), f"{FOLDERS[0]}/{name}"),
        "reference": f"{REFERENCES}/{reference}.bmp",
        "content": reference,
        "distortion": f"class-{parts[2]}",
    }
