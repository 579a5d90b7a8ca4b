"""Pictures, maps and a data set that are the same on every machine: integer arithmetic alone.

The random bits are PCG64's raw ones, whose stream NumPy promises to keep.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image

from iqabench.contract import DatasetCard
from iqabench.data.tables import Dataset

CELL = 8
"""Pixels of a picture's coarse structure."""
GRID = (5, 6)
"""Rows and columns of the means that stand for a map."""


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Whole numbers from 0 to 255, int64."""
    bits = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return (bits >> np.uint64(56)).astype(np.int64).reshape(shape)


def smooth(values: np.ndarray, times: int) -> np.ndarray:
    """Binomial means of three neighbours along both sides, rounded, as often as asked."""
    for _ in range(times):
        for axis in (0, 1):
            sides = [(1, 1) if place == axis else (0, 0) for place in range(values.ndim)]
            around = np.pad(values, sides, mode="edge")
            before, after = (
                np.take(around, np.arange(values.shape[axis]) + shift, axis) for shift in (0, 2)
            )
            values = (before + 2 * values + after + 2) // 4
    return values


def picture(height: int, width: int, seed: int = 0, blur: int = 1, grain: int = 2) -> np.ndarray:
    """A picture of coarse cells, a slope and grain, (H, W, 3) uint8.

    Args:
        height: in pixels.
        width: in pixels.
        seed: another picture.
        blur: how often it is smoothed in the end.
        grain: weight of the finest noise, in eighths.
    """
    cells = noise(height // CELL + 2, width // CELL + 2, 3, seed=10 * seed)
    coarse = np.repeat(np.repeat(cells, CELL, 0), CELL, 1)[:height, :width]
    slope = (2 * np.arange(height)[:, None, None] + 3 * np.arange(width)[:, None]) % 256
    fine = noise(height, width, 3, seed=10 * seed + 1)
    mixed = (smooth(coarse, 3) * (7 - grain) + slope + fine * grain) // 8
    return smooth(mixed, blur).astype(np.uint8)


def image(*size: int, **look: int) -> torch.Tensor:
    """A picture as models see it, (3, H, W) float32 in [0, 1]."""
    return torch.from_numpy(picture(*size, **look)).permute(2, 0, 1).float() / 255


def saliency(height: int, width: int, seed: int = 0) -> torch.Tensor:
    """A map of a few bright places, (1, H, W) float32 in [0, 1] with maximum 1."""
    coarse = noise(height // CELL + 2, width // CELL + 2, seed=10 * seed + 2) ** 2
    values = smooth(np.repeat(np.repeat(coarse, CELL, 0), CELL, 1)[:height, :width], 4)
    return torch.from_numpy(values / values.max())[None].float()


def means(values: object) -> np.ndarray:
    """Means of a map over a grid of 5 x 6, its last two sides being cut, (30,)."""
    plane = np.asarray(values, np.float64)
    plane = plane.reshape(plane.shape[-2:])
    bands = [band for rows in np.array_split(plane, GRID[0]) for band in cut(rows)]
    return np.array([band.mean() for band in bands])


def cut(rows: np.ndarray) -> list[np.ndarray]:
    """A band of rows, cut into the grid's columns."""
    return np.array_split(rows, GRID[1], axis=1)


def dataset(root: Path, contents: int = 4, each: int = 2, size: tuple[int, int] = (36, 44)):
    """A data set of PNG files; the picture is the rougher the lower its quality."""
    rows = []
    for content in range(contents):
        for level in range(each):
            name = f"c{content}_{level}.png"
            made = picture(*size, seed=content, grain=1 + 2 * level)
            Image.fromarray(made).save(root / name)
            rows.append((name, f"c{content}", 4.0 - 2 * level + content / 4))
    table = pd.DataFrame(rows, columns=["image", "content", "quality"])
    card = DatasetCard(name="golden", title="made up", reader="nobody:read")
    return Dataset(card, root, table.assign(mos=table["quality"]))
