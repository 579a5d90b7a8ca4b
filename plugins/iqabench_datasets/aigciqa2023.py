"""AIGCIQA2023: 2,400 pictures by six generators, rated for three attributes.

The scores have no names: entry n belongs to ``Image/allimg/n.png``, counted from 0. Each generator
made four pictures from each of 100 prompts; a prompt is a content, ``distortion`` the generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract import DataError
from iqabench.kit.label_files import matlab
from iqabench.kit.tree import Tree
from iqabench_datasets.attributes import chosen

if TYPE_CHECKING:
    import pandas as pd

ATTRIBUTES = {"quality": 1, "authenticity": 2, "correspondence": 3}
"""Attribute -> the number in the name of its file."""
MAKERS = ("controlnet", "dalle", "glide", "lafite", "stable-diffusion", "unidiffuser")
"""The generators, in the order of the pictures."""
PROMPTS, EACH = 100, 4


def read(root: Path, options: Mapping[str, Any]) -> pd.DataFrame:
    """The canonical table of one attribute.

    Args:
        root: the folder that holds ``Image`` and ``DATA``.
        options: ``attribute``: quality (the default), authenticity or correspondence.

    Raises:
        DataError: the attribute is not known, or the scores are damaged or not 2,400.
        FileNotFoundError: the file of scores is missing.
    """
    import pandas as pd

    file = f"DATA/MOS/mosz{chosen(options, ATTRIBUTES)}.mat"
    (scores,) = matlab(Tree(root), file, "MOSz")
    count = len(MAKERS) * PROMPTS * EACH
    if len(scores) != count:
        raise DataError(f"{file} has {len(scores)} scores, not {count}", "unpack it again")
    return pd.DataFrame(
        {
            "image": [f"Image/allimg/{number}.png" for number in range(count)],
            "content": [f"prompt-{number // EACH % PROMPTS:03d}" for number in range(count)],
            "distortion": [MAKERS[number // (EACH * PROMPTS)] for number in range(count)],
            "mos": scores,
        }
    )
