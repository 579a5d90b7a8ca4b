"""Types 19-21 and 23: pixels and patches out of place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.kit.distortions.image import FloatImage

JITTER_PASSES = 5
PATCH = 16
BLOCK = 32


def jitter(image: FloatImage, amount: float, rng: np.random.Generator) -> FloatImage:
    """Type 19: five times over, every pixel is fetched from `amount` pixels (sigma) away."""
    from scipy.ndimage import map_coordinates

    grid = np.indices(image.shape[:2], dtype=np.float64)
    for _ in range(JITTER_PASSES):
        places = grid + amount * rng.standard_normal(grid.shape)
        channels = [
            map_coordinates(image[..., c], places, order=1, mode="nearest") for c in range(3)
        ]
        image = np.stack(channels, axis=-1)
    return image


def non_eccentricity_patch(
    image: FloatImage, patches: float, rng: np.random.Generator
) -> FloatImage:
    """Type 20: `patches` squares of 16 pixels copied up to 8 pixels away."""
    side = min(PATCH, min(image.shape[:2]) // 2)
    room = np.array(image.shape[:2]) - side
    margin = np.minimum(PATCH, room // 2)
    result = image.copy()
    for draw in rng.random((round(patches), 4)):
        start = margin + np.rint(draw[:2] * (room - 2 * margin)).astype(int)
        target = np.clip(start + np.rint((draw[2:] - 0.5) * PATCH).astype(int), 0, room)
        # Whether the generator copies from the picture or from the result so far is unconfirmed.
        result[_square(target, side)] = image[_square(start, side)]
    return result


def pixelate(image: FloatImage, strength: float, _rng: np.random.Generator) -> FloatImage:
    """Type 21: scaled down by 0.95 - `strength`^0.6 and up again, nearest neighbour."""
    scale = 0.95 - strength**0.6
    rows, columns = (_down_and_up(size, scale) for size in image.shape[:2])
    return image[np.ix_(rows, columns)]


def color_block(image: FloatImage, blocks: float, rng: np.random.Generator) -> FloatImage:
    """Type 23: `blocks` squares of 32 pixels, each of one random colour."""
    side = min(BLOCK, min(image.shape[:2]) // 2)
    room = np.array(image.shape[:2]) - side
    result = image.copy()
    for draw in rng.random((round(blocks), 5)):
        result[_square((draw[:2] * room).astype(int), side)] = draw[2:]
    return result


def _square(corner: npt.NDArray[np.integer], side: int) -> tuple[slice, slice]:
    return slice(corner[0], corner[0] + side), slice(corner[1], corner[1] + side)


def _down_and_up(size: int, scale: float) -> npt.NDArray[np.intp]:
    """Which of `size` samples is shown at each place."""
    small = int(np.ceil(size * scale))
    down = ((np.arange(small) + 0.5) * size / small).astype(np.intp)
    up = ((np.arange(size) + 0.5) * small / size).astype(np.intp)
    return down[up]
