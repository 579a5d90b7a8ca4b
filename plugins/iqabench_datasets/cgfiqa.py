"""CGFIQA-40k: faces in ``train``, ``val`` and ``test``, each with ``img`` and ``label.json``.

A label file holds two lists of one length, the pictures' names and their scores.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import WHOLE, whole
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

PARTS = {"train": "train", "val": "validation", "test": "test"}


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table, with the published split.

    Raises:
        DataError: a label file is damaged, or its lists differ in length.
        FileNotFoundError: a label file is missing.
    """
    import pandas as pd

    tree = Tree(root)
    return pd.concat([_part(tree, folder) for folder in PARTS], ignore_index=True)


def _part(tree: Tree, folder: str) -> pd.DataFrame:
    import pandas as pd

    file = f"{folder}/label.json"
    content = tree.path(file).read_bytes()
    found = whole(file, lambda: json.loads(content))
    names, scores = (
        found.get(key) if isinstance(found, dict) else None for key in ("Image", "MOS")
    )
    if not isinstance(names, list) or not isinstance(scores, list):
        raise DataError(f"{file} lacks the lists Image and MOS", WHOLE)
    if len(names) != len(scores):
        raise DataError(f"{file} has {len(names)} names and {len(scores)} scores", WHOLE)
    return pd.DataFrame(
        {
            "image": [f"{folder}/img/{name}" for name in names],
            "mos": scores,
            "official_split": PARTS[folder],
        }
    )
