"""Tells pictures that are unlike photographs: a model of photographs may not hold for them.

Rendered text, icons, drawings and flat pictures have one colour over most of their area, and
neighbours that are equal to the last bit. Few photographs have.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SMALL = 96
"""Pixels of the shorter side below which a picture is small."""
MOST = 0.65
"""Share of one colour, or of equal neighbours, above which a picture is unlike a photograph. Of 862
photographs of BIQ2021's training part 2 in 100 have more of one colour and 1 in 100 more equals."""
BITS = 4
"""Bits of each channel that tell one colour from another, so that compression changes few."""

ROWS = 64
"""Rows looked at at once: the colours of a large picture as whole numbers would take 400 MB."""


def warning(pixels: NDArray[np.uint8] | NDArray[np.float32]) -> str | None:
    """Why a picture is unlike a photograph; None if nothing tells.

    Args:
        pixels: (H, W, 3) RGB, uint8 or float32 in [0, 1].
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SMALL:
        return f"unlike a photograph: {width}x{height} pixels are few"
    levels = np.asarray(pixels if pixels.dtype == np.uint8 else np.rint(255 * pixels), np.uint8)
    one = commonest_colour(levels)
    if one > MOST:
        return f"unlike a photograph: {one:.0%} of it have one colour"
    equal = equal_neighbours(levels)
    if equal > MOST:
        return f"unlike a photograph: {equal:.0%} of its pixels equal their neighbours"
    return None


def commonest_colour(levels: NDArray[np.uint8]) -> float:
    """The share of pixels, (H, W, 3), that have the commonest colour, in (0, 1]."""
    counts = np.zeros(1 << 3 * BITS, np.intp)
    for top in range(0, len(levels), ROWS):
        red, green, blue = np.moveaxis(levels[top : top + ROWS].astype(np.intp) >> (8 - BITS), 2, 0)
        colours = (red << 2 * BITS) + (green << BITS) + blue
        counts += np.bincount(colours.ravel(), minlength=counts.size)
    return float(counts.max() / counts.sum())


def equal_neighbours(levels: NDArray[np.uint8]) -> float:
    """The share of pixels, (H, W, 3), that equal their right and lower neighbours, in [0, 1]."""
    here = levels[:-1, :-1]
    alike = (here == levels[:-1, 1:]) & (here == levels[1:, :-1])
    return float(alike.all(axis=2).mean())
