"""CUID with CUDAS' gaze data, read by a manifest. No public layout of the files is known.

``manifest.csv`` has one row per picture, also for pristine pictures. Its columns are ``image``,
``mos``, and ``ref_id`` (any name for the content) or ``reference`` (the pristine picture) or both.
``dist``, ``level``, ``mos_std``, ``saliency`` and ``fixations`` are optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.contract.datasets import NUMBERS
from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.csv"
COLUMNS = {
    "image": "image",
    "mos": "mos",
    "ref_id": "content",
    "reference": "reference",
    "dist": "distortion",
    "level": "level",
    "mos_std": "mos_std",
    "saliency": "saliency",
    "fixations": "fixations",
}
"""Column of the manifest -> canonical column."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of a manifest; other columns are left out.

    Raises:
        DataError: the manifest lacks a column.
        FileNotFoundError: the manifest is missing.
    """
    numbers = [name for name in COLUMNS if COLUMNS[name] in NUMBERS]
    words = [name for name in COLUMNS if name not in numbers]
    rows = table(Tree(root), MANIFEST, words, numbers, need=("image", "mos"))
    if "ref_id" not in rows and "reference" not in rows:
        raise DataError(
            f"{MANIFEST} has neither ref_id nor reference", "say which pictures share a content"
        )
    return rows[[name for name in COLUMNS if name in rows]].rename(columns=COLUMNS)
