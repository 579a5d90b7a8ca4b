"""CUID with CUDAS' gaze data: no public layout is known, so the manifest is this plugin's own.

``manifest.csv`` has one row per picture, the pristine ones among them: ``image``, ``mos``, and
``ref_id`` (any name of the content) or ``reference`` (the pristine picture) or both; where they are
known ``dist``, ``level``, ``mos_std``, ``saliency`` and ``fixations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.contract.datasets import NUMBERS
from iqabench.kit.tree import Tree
from iqabench_datasets.files import need, table

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
"""Columns of the manifest -> canonical ones."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of a manifest; other columns are left out.

    Raises:
        DataError: the manifest lacks a column.
        FileNotFoundError: it is missing.
    """
    rows = table(Tree(root), MANIFEST, [name for name in COLUMNS if COLUMNS[name] not in NUMBERS])
    need(rows, ("image", "mos"), MANIFEST)
    if "ref_id" not in rows and "reference" not in rows:
        raise DataError(
            f"{MANIFEST} has neither ref_id nor reference", "say which pictures share a content"
        )
    return rows[[name for name in COLUMNS if name in rows]].rename(columns=COLUMNS)
