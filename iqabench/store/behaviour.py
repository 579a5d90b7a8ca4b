"""Behaviour versions of the harness. A fingerprint holds them in place of its source code.

Each number rises by one when its part computes other numbers from the same input, and never
otherwise. tests/golden holds the results of each version. Its tests fail when a part computes other
results under the same version.
"""

from __future__ import annotations

from typing import Literal

Part = Literal["decoding", "crops", "training", "pooling", "permutation", "kit"]

VERSIONS: dict[Part, int] = {
    "decoding": 4,  # from a picture file to 8-bit RGB
    "crops": 2,  # resizing, normalisation, crops of training and test, augmentation
    "training": 1,  # label scaling, order, optimisers, schedules, averages, choice of the epoch
    "pooling": 1,  # from the scores of a picture's crops to one score
    "permutation": 1,  # which picture gets the map of which other picture
    "kit": 1,  # encoders, heads, losses and maps that plugins build with
}


def versions(parts: tuple[Part, ...]) -> dict[str, int | str]:
    """The versions of some parts."""
    return {part: VERSIONS[part] for part in parts}
