"""TID2013: ``reference_images``, ``distorted_images`` and ``mos_with_names.txt``.

TID2008 has the same files and the first 17 types. The labels and the files write names in different
case, and so do the files among themselves (``I01.BMP``, ``i25.bmp``). Therefore names are matched
in any case. The file's name, ``i01_TT_L.bmp``, holds type and level.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import PLACES, text_table
from iqabench.kit.tree import Tree

if TYPE_CHECKING:
    import pandas as pd

SCORES, DEVIATIONS = "mos_with_names.txt", "mos_std.txt"
NAME = re.compile(r"(i\d\d)_(\d\d)_(\d)\.bmp", re.IGNORECASE)
TYPES = (
    "white-noise",
    "white-noise-in-color-component",
    "spatially-correlated-noise",
    "masked-noise",
    "high-frequency-noise",
    "impulse-noise",
    "quantization-noise",
    "gaussian-blur",
    "denoise",
    "jpeg",
    "jpeg2000",
    "jpeg-transmission-errors",
    "jpeg2000-transmission-errors",
    "non-eccentricity-patch",
    "local-block-distortion",
    "mean-shift",
    "contrast-change",
    "saturation-change",
    "multiplicative-noise",
    "comfort-noise",
    "lossy-compression-of-noisy-images",
    "color-quantization-with-dither",
    "chromatic-aberration",
    "sparse-sampling",
)
"""Names of the types 1 to 24; a type that KADID-10k also has is named as for KADID-10k."""


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of the distorted pictures.

    Raises:
        DataError: a line does not hold a score and a name, or the two label files differ in length.
        FileNotFoundError: a label file is missing.
    """
    return distorted(Tree(root), TYPES)


def distorted(tree: Tree, types: Sequence[str]) -> pd.DataFrame:
    """The canonical table of a set with this set's files.

    Args:
        tree: the set's folder.
        types: the names of its distortions; the first one has the number 1.

    Raises:
        DataError: see :func:`read`.
        FileNotFoundError: see :func:`read`.
    """
    import pandas as pd

    labels = text_table(tree, SCORES, {"mos": 1, "name": 2}, ("mos",))
    deviations = text_table(tree, DEVIATIONS, {"mos_std": 1}, ("mos_std",))["mos_std"]
    if len(deviations) != len(labels):
        raise DataError(
            f"{DEVIATIONS} has {len(deviations)} lines and {SCORES} {len(labels)}",
            "unpack the archive again",
        )
    rows = [
        _row(tree, types, labels.attrs[PLACES].of(line), name)
        for line, name in labels["name"].items()
    ]
    found = pd.DataFrame(rows, index=labels.index)
    found = found.assign(mos=labels["mos"], mos_std=list(deviations))
    found.attrs = labels.attrs
    return found


def _row(tree: Tree, types: Sequence[str], place: str, name: str | None) -> dict[str, Any]:
    parts = NAME.fullmatch(name or "")
    if parts is None or not 1 <= int(parts[2]) <= len(types):
        raise DataError(f"{place}: no score and name of a picture", "unpack the archive again")
    content = parts[1].lower()
    return {
        "image": tree.spelled(f"distorted_images/{name}"),
        "reference": tree.spelled(f"reference_images/{content}.bmp"),
        "content": content,
        "distortion": types[int(parts[2]) - 1],
        "level": int(parts[3]),
    }
