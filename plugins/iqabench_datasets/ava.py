"""AVA: ``AVA.txt`` with the votes from 1 to 10 for each photograph, and ``images``.

The votes are for aesthetics in a contest, not for technical quality. The set ships no photographs;
copies lack the few that the contest's site has lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import NOTES, PLACES, text_table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

LABELS = "AVA.txt"
TEST = "aesthetics_image_lists/generic_test.jpgl"
"""The IDs of the test pictures of the authors' experiments."""
RATINGS = tuple(range(1, 11))
COLUMNS = {"id": 2, **{str(rating): rating + 2 for rating in RATINGS}}
LOST = 0.001
"""At most this share of the photographs may be absent. A widespread copy lacks 20 of 255,530; a
folder that lacks more is not unpacked whole."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the photographs that are there; a note says how many are not.

    ``mos`` is the mean of the votes and ``mos_std`` their standard deviation, with n - 1. With the
    list of test pictures there is an official split; what is not on it is for training.

    Raises:
        DataError: AVA.txt is damaged or has a negative count, or too many photographs are absent.
        FileNotFoundError: AVA.txt is missing.
    """
    tree = Tree(root)
    labels = text_table(tree, LABELS, COLUMNS, tuple(COLUMNS)[1:])
    found = _scores(labels).assign(image="images/" + labels["id"] + ".jpg")
    if tree.has(TEST):
        tested = set(text_table(tree, TEST, {"id": 1}, ())["id"])
        found["official_split"] = labels["id"].isin(tested).map({True: "test", False: "train"})
    there = found["image"].map(lambda name: isinstance(name, str) and tree.has(name))
    lost = len(found) - int(there.sum())
    if 0 < lost <= LOST * len(found):
        found = found[there]
        note = f"{lost} of {len(labels)} photographs are not there and are left out"
        labels.attrs[NOTES] = (*labels.attrs[NOTES], note)
    found.attrs = labels.attrs
    return found


def _scores(labels: pd.DataFrame) -> pd.DataFrame:
    """Mean, deviation and number of the votes of each row."""
    import numpy as np
    import pandas as pd

    words = labels[[str(rating) for rating in RATINGS]]
    votes = words.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float)
    negative = (votes < 0).any(axis=1)
    if negative.any():
        place = labels.attrs[PLACES].of(labels.index[negative.argmax()])
        raise DataError(f"{place}: a negative number of votes", "fetch the file again")
    count = votes.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = votes @ np.array(RATINGS) / count
        square = (votes * (np.array(RATINGS) - mean[:, None]) ** 2).sum(axis=1)
        deviation = np.sqrt(square / (count - 1))
    return pd.DataFrame({"mos": mean, "mos_std": deviation, "raters": count}, labels.index)
