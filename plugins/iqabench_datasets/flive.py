"""FLIVE (PaQ-2-PiQ): pictures from four sources, or patches cut from them, and their scores.

The folder is ``database`` of the authors' repository, filled with pictures by their notebook. The
published split is in two label files of the repository PaQ-2-PiQ: one lists the test pictures,
those with a side above 640 pixels; the other marks the validation pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import PLACES, table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

PICTURES, PATCHES = "labels_image.csv", "labels_patch.csv"
LARGE, PADDED = "labels640.csv", "labels=640_padded.csv"
"""Label files with the test pictures, and with the validation pictures among the others. Their
names were labels>640.csv and labels<=640_padded.csv before a file system took letters away."""
NAME = r"patches/(.+)_patch_\d\.jpg"
MARKS = {"true": True, "false": False}


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the pictures, with the published split if both its files are there.

    Raises:
        DataError: a label file is damaged or lacks a column.
        FileNotFoundError: the label file is missing.
    """
    return _rated(Tree(root), PICTURES)


def read_patches(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the patches; a content is the picture that they were cut from.

    Raises:
        DataError: a label file is damaged or lacks a column, or a name is no patch's.
        FileNotFoundError: the label file is missing.
    """
    return _rated(Tree(root), PATCHES)


def _rated(tree: Tree, file: str) -> pd.DataFrame:
    import pandas as pd

    base = "database/" if tree.has(f"database/{file}") else ""
    labels = table(tree, base + file, ("name",), ("mos",), need=("name", "mos"))
    pictures = labels["name"].str.rpartition("/")[2]
    found = pd.DataFrame({"image": base + labels["name"], "mos": labels["mos"]})
    if file == PATCHES:
        pictures = labels["name"].str.extract(f"^{NAME}$")[0]
        if pictures.isna().any():
            place = labels.attrs[PLACES].of(pictures.isna().idxmax())
            raise DataError(f"{place}: no name of a patch", "patches/<picture>_patch_1.jpg")
        found["content"] = pictures
    if tree.has(base + LARGE) and tree.has(base + PADDED):
        found["official_split"] = pictures.map(_parts(tree, base)).fillna("train")
    found.attrs = labels.attrs
    return found


def _parts(tree: Tree, base: str) -> dict[str, str]:
    """Name of a picture, without its folder -> ``test`` or ``validation``."""
    large = table(tree, base + LARGE, ("name_image",), need=("name_image",))
    words = ("name_image", "is_valid")
    padded = table(tree, base + PADDED, words, need=words)
    valid = padded["is_valid"].str.lower().map(MARKS)
    if valid.isna().any():
        place = padded.attrs[PLACES].of(valid.isna().idxmax(), "is_valid")
        raise DataError(f"{place}: neither True nor False", "fetch the file again")
    named = {
        "validation": padded.loc[valid.astype(bool), "name_image"],
        "test": large["name_image"],
    }
    return {str(name).rpartition("/")[2]: part for part, names in named.items() for name in names}
