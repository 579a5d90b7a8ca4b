"""KonIQ-10k: a folder of pictures in one of two sizes, and one of two label files.

The column ``MOS`` differs between the two label files. In one file it is the mean of the ratings,
1 to 5. In the other file it is a score from 0 to 100, which is not that mean on another scale
(their PLCC is .995). The reader recognises the file by its columns and gives the range in
``attrs["score_range"]`` of the table. ``SD`` is in units of the ratings, 1 to 5, in both files.
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

SCORES = "koniq10k_scores_and_distributions.csv"
SETS = "koniq10k_distributions_sets.csv"
PLACES = (SCORES, SETS, f"metadata/{SETS}")
SIZES = ("1024x768", "512x384")
PARTS = {"training": "train", "validation": "validation", "test": "test"}


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table, with the official split if the label file has one.

    Args:
        root: the folder that holds the pictures' folder and the label file.
        options: ``labels``, the label file, which is needed if both files exist; ``size``, the
            pictures' folder, by default the first of 1024x768 and 512x384 that holds the first
            picture.

    Raises:
        DataError: both label files are there and none is chosen, or one is damaged.
        FileNotFoundError: the label file is missing.
    """
    import pandas as pd

    tree = Tree(root)
    name = str(options.get("labels") or _only(tree))
    need = ("image_name", "MOS")
    labels = table(tree, name, ("image_name", "set"), ("MOS", "SD", "c_total"), need)
    official = "set" in labels
    score_range = (0, 100) if official else (1, 5)
    scores = pd.to_numeric(labels["MOS"], errors="coerce").dropna()
    if not scores.between(*score_range).all():
        raise DataError(
            f"{name} {'has' if official else 'lacks'} the column set and a MOS "
            f"outside {score_range[0]} to {score_range[1]}",
            "the published files mix no scales; fetch it again",
        )
    found = pd.DataFrame(
        {
            "image": _folder(tree, options, labels["image_name"]) + "/" + labels["image_name"],
            "content": labels["image_name"],
            "mos": labels["MOS"],
        }
    )
    if "c_total" in labels:
        found["raters"] = labels["c_total"]
    if official:
        found["official_split"] = labels["set"].map(PARTS).fillna(labels["set"])
    elif "SD" in labels:
        found["mos_std"] = labels["SD"]
    found.attrs = {**labels.attrs, "score_range": score_range}
    return found


def _only(tree: Tree) -> str:
    there = [place for place in PLACES if tree.has(place)]
    if len(there) > 1:
        raise DataError(
            f"{' and '.join(there)} hold different scores",
            f"choose one in the catalogue: labels: {SCORES} (1 to 5), or labels: {there[-1]} "
            "(0 to 100, with the official split)",
        )
    return there[0] if there else SCORES


def _folder(tree: Tree, options: Mapping[str, Any], names: pd.Series[str]) -> str:
    if "size" not in options:
        there = (size for size in SIZES if any(tree.has(f"{size}/{name}") for name in names[:1]))
        return next(there, SIZES[0])
    if options["size"] not in SIZES:
        raise DataError(
            f"size: {options['size']} is no folder of KonIQ-10k", f"one of {', '.join(SIZES)}"
        )
    return str(options["size"])
