"""TID2013: ``reference_images``, ``distorted_images`` and ``mos_with_names.txt``.

The labels and the files write names in different case, and so do the files among themselves
(``I01.BMP``, ``i25.bmp``). Therefore names are matched in any case. The file's name,
``i01_TT_L.bmp``, holds type and level.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import text
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
    import pandas as pd

    tree = Tree(root)
    rows = [_row(tree, number, line) for number, line in _lines(tree, SCORES)]
    deviations = [line for _, line in _lines(tree, DEVIATIONS)]
    if len(deviations) != len(rows):
        raise DataError(
            f"{DEVIATIONS} has {len(deviations)} lines and {SCORES} {len(rows)}",
            "unpack the archive again",
        )
    return pd.DataFrame(rows).assign(mos_std=deviations)


def _lines(tree: Tree, name: str) -> list[tuple[int, str]]:
    """Number and text of every line that is not blank, with single spaces between its words."""
    lines = enumerate(text(tree, name).splitlines(), 1)
    return [(number, " ".join(line.split())) for number, line in lines if line.strip()]


def _row(tree: Tree, number: int, line: str) -> dict[str, Any]:
    mos, _, name = line.partition(" ")
    parts = NAME.fullmatch(name)
    if parts is None or not 1 <= int(parts[2]) <= len(TYPES):
        raise DataError(
            f"{SCORES}, line {number}: no score and name of a picture", "unpack the archive again"
        )
    content = parts[1].lower()
    return {
        "image": tree.spelled(f"distorted_images/{name}"),
        "reference": tree.spelled(f"reference_images/{content}.bmp"),
        "content": content,
        "distortion": TYPES[int(parts[2]) - 1],
        "level": int(parts[3]),
        "mos": mos,
    }
