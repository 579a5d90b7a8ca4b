"""BIQ2021: ``Images`` and two label files, which are the two parts of its official split.

The set says nothing of scenes, and many pictures show the scene of another one. The groups in
``biq2021_scenes.csv`` are the leakage audit's finding over all 12,000 pictures, and no part of what
the authors publish. The official split cuts such groups. So a scene of both parts is two contents
here, and the audit of a run counts the shared ones; the variant by scene keeps each scene whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = {
    "train": "Train (Images and MOS).csv",
    "test": "Test (Images and MOS).csv",
}
SUBSETS = ("ss01", "ss02", "ss03")
"""Pictures of a photographer's gallery, with faults made on purpose, and from Unsplash."""
SCENES = "biq2021_scenes.csv"


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table with the official split. The subset stands in ``distortion``.

    Args:
        root: the folder with both label files and ``Images``.
        options: ``scenes: none`` makes each picture a content of its own, for an audit anew.

    Raises:
        DataError: a label file is damaged, a name is of no subset, or the option is another.
        FileNotFoundError: a label file is missing.
    """
    found = _pictures(root, _named(options))
    other = found["official_split"] == "test"
    both = set(found.loc[other, "content"]) & set(found.loc[~other, "content"])
    cut = other & found["content"].isin(both)
    found.loc[cut, "content"] += " (test)"
    return found


def read_by_scene(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table without the official split; a content is a scene.

    Raises:
        DataError: a label file is damaged, or a name is of no subset.
        FileNotFoundError: a label file is missing.
    """
    found = _pictures(root, _named(options))
    return found.drop(columns="official_split")


def _pictures(root: Path, scenes: Mapping[str, str]) -> pd.DataFrame:
    """The pictures of both parts, each with its scene, or else its name, as ``content``."""
    import pandas as pd

    tree = Tree(root)
    found = pd.concat([_part(tree, part, scenes) for part in LABELS], ignore_index=True)
    found.attrs = {}  # lines of one label file mean nothing for the rows of two
    return found


def _part(tree: Tree, part: str, scenes: Mapping[str, str]) -> pd.DataFrame:
    """The pictures of one label file.

    One name is written ``.jpg`` there and ``.JPG`` in the folder.
    """
    import pandas as pd

    name, need = LABELS[part], ("Image Name", "MOS")
    labels = table(tree, name, need[:1], need[1:], need)
    names = labels["Image Name"].fillna("").astype(str)
    subsets = names.str.partition(" ")[0]
    strange = names[~subsets.isin(SUBSETS)]
    if len(strange):
        raise DataError(
            f"{name}: '{strange.iloc[0]}' is a picture of no subset",
            f"names begin with {', '.join(SUBSETS)}; fetch the set again",
        )
    images = [tree.spelled(f"Images/{one}") for one in names]
    return pd.DataFrame(
        {
            "image": images,
            "content": [scenes.get(image, image) for image in images],
            "mos": labels["MOS"],
            "distortion": subsets,
            "official_split": part,
        }
    )


def _named(options: Mapping[str, Any]) -> dict[str, str]:
    """Picture -> scene, of the pictures that share their scene with another."""
    import pandas as pd

    chosen = options.get("scenes")
    if chosen == "none":
        return {}
    if chosen is not None:
        raise DataError(f"scenes: {chosen} is not known", "scenes: none, or leave it out")
    text = files(__package__).joinpath(SCENES).read_text(encoding="utf-8")
    groups = pd.read_csv(StringIO(text), dtype=str)
    return dict(zip(groups["image"], groups["scene"], strict=True))
