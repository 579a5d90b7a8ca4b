"""CSIQ: ``src_imgs``, ``dst_imgs`` and the workbook ``csiq.DMOS.xlsx``.

The workbook and the files spell the names of distortions differently. The workbook's cell for the
picture ``1600`` is a number, not text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "csiq.DMOS.xlsx"
WORDS, NUMBERS = ("image", "dst_type"), ("dst_idx", "dst_lev", "dmos_std", "dmos")
TYPES = {
    "noise": ("awgn", "white-noise"),
    "jpeg": ("jpeg", "jpeg"),
    "jpeg 2000": ("jpeg2000", "jpeg2000"),
    "fnoise": ("fnoise", "pink-noise"),
    "blur": ("blur", "gaussian-blur"),
    "contrast": ("contrast", "contrast-decrement"),
}
"""``dst_type`` in the workbook -> the word in file names, in any case, and the distortion."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the distorted pictures.

    Raises:
        DataError: the workbook is damaged, lacks a column or has an unknown ``dst_type``.
        FileNotFoundError: the workbook is missing.
    """
    import pandas as pd

    tree = Tree(root)
    need, place = (*WORDS, *NUMBERS), {"sheet": "all_by_image", "first": 4, "columns": slice(3, 9)}
    labels = table(tree, LABELS, WORDS, NUMBERS, need, **place)
    unknown = sorted(set(labels["dst_type"].astype(str)) - set(TYPES))
    if unknown:
        raise DataError(f"{LABELS} has an unknown dst_type '{unknown[0]}'", f"one of {[*TYPES]}")
    levels = labels["dst_lev"].astype(int)
    words = [TYPES[kind][0] for kind in labels["dst_type"]]
    images = [
        f"dst_imgs/{word}/{content}.{word}.{level}.png"
        for word, content, level in zip(words, labels["image"], levels, strict=True)
    ]
    found = pd.DataFrame(
        {
            "image": [tree.spelled(image) for image in images],
            "reference": "src_imgs/" + labels["image"] + ".png",
            "content": labels["image"],
            "distortion": [TYPES[kind][1] for kind in labels["dst_type"]],
            "level": levels,
            "mos": labels["dmos"],
            "mos_std": labels["dmos_std"],
        }
    )
    found.attrs = labels.attrs
    return found
