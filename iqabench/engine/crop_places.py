"""Where test-time crops lie and how large a picture must be: arithmetic, without torch.

Networks are scored here by torch or, exported, by onnxruntime; both take their crops from here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from iqabench.contract.cards import Recipe
from iqabench.contract.errors import DataError
from iqabench.data.decoding import MAX_PIXELS

ALWAYS_ALLOWED = 2**22
"""Every picture may be enlarged to this many pixels, which is 2048 x 2048, ..."""
LARGER = 4
"""... or to this many times its own number of pixels, as far as pictures of that size are decoded.
A strip of 1 x 5000 pixels, fitted to crops of 224 x 224, would have 250 million."""
MAP_SHORT, MAP_LONG, MAP_STEP = 384, 1536, 32
"""Pixels: the most of the shorter and of the longer side of a picture whose maps are predicted,
and what divides both sides."""


def fitted_size(height: int, width: int, recipe: Recipe) -> tuple[int, int]:
    """The size to which :func:`fitted` brings a picture.

    Raises:
        DataError: the picture is so long and narrow that it would become huge.
    """
    scale = recipe.resize_short / min(height, width) if recipe.resize_short else 1.0
    if recipe.max_pixels is not None:
        scale = min(scale, math.sqrt(recipe.max_pixels / (height * width)))
    if recipe.crop is not None:
        scale = max(scale, recipe.crop[0] / height, recipe.crop[1] / width)
    size = math.ceil(height * scale - 1e-6), math.ceil(width * scale - 1e-6)
    most = max(ALWAYS_ALLOWED, min(LARGER * height * width, MAX_PIXELS))
    if scale > 1 and math.prod(size) > most:
        raise DataError(
            f"the picture of {width}x{height} pixels is too narrow: as large as the recipe wants "
            f"it, it would have {size[1]}x{size[0]}",
            "leave it out, or take a smaller crop with --set MODEL.recipe.crop=H,W",
        )
    return size


def corners(
    size: tuple[int, int], recipe: Recipe, key: Sequence[int] = (0,)
) -> list[tuple[int, int]] | None:
    """Upper left corners (y, x) of the test-time crops of a picture.

    Args:
        size: (H, W) of the picture after :func:`fitted_size`.
        recipe: gives ``crop``, ``test_crops`` and ``test_crop_kind``.
        key: seeds random crops.

    Returns:
        None if the recipe shows the network the whole picture.
    """
    if recipe.crop is None or recipe.test_crop_kind == "whole":
        return None
    room = size[0] - recipe.crop[0], size[1] - recipe.crop[1]
    if recipe.test_crop_kind == "grid":
        return _grid(recipe.test_crops, room)
    random = np.random.default_rng([*key, recipe.test_crops])
    return [
        (int(random.integers(room[0] + 1)), int(random.integers(room[1] + 1)))
        for _ in range(recipe.test_crops)
    ]


def map_size(height: int, width: int, recipe: Recipe, any_size: bool) -> tuple[int, int]:
    """The size to which a whole picture is brought for the maps that a network predicts.

    Its shorter side becomes that of the recipe's crops, at most :data:`MAP_SHORT`, since there the
    network learnt its maps; a network of one size gets that size. Sides are multiples of
    :data:`MAP_STEP`, so that a decoder that doubles sizes step by step ends at the same size.
    """
    if recipe.crop is not None and not any_size:
        return recipe.crop
    wanted = min(recipe.crop or (MAP_SHORT,))
    scale = min(wanted, MAP_SHORT) / min(height, width)
    scale = min(scale, MAP_LONG / max(height, width))
    steps = (max(1, round(side * scale / MAP_STEP)) for side in (height, width))
    found = [MAP_STEP * step for step in steps]
    return found[0], found[1]


def _grid(count: int, room: tuple[int, int]) -> list[tuple[int, int]]:
    """Upper left corners (y, x) of evenly placed crops.

    One crop lies in the centre, five crops in the centre and the corners, other numbers of crops on
    a lattice.
    """
    if count in (1, 5):
        ends = [] if count == 1 else [(y, x) for y in (0, room[0]) for x in (0, room[1])]
        return [(room[0] // 2, room[1] // 2), *ends]
    rows = max(n for n in range(1, math.isqrt(count) + 1) if count % n == 0)
    columns = count // rows
    return [
        (_place(y, rows, room[0]), _place(x, columns, room[1]))
        for y in range(rows)
        for x in range(columns)
    ]


def _place(step: int, steps: int, room: int) -> int:
    return room // 2 if steps == 1 else round(step * room / (steps - 1))
