"""Where people look whatever the picture: a density of fixations on other pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray

GRID = 64
"""Cells along each side on which the density is estimated."""


def centre_prior(relative: npt.ArrayLike, size: tuple[int, int]) -> FloatArray:
    """A density of fixations on other pictures, everywhere above zero.

    A Gaussian kernel density estimate with Scott's bandwidth along each axis, ``sd n^(-1/6)``,
    reflected at the borders, on a grid of 64 x 64 cells that is interpolated to the size. One
    fixation more, spread evenly, keeps it above zero, so that no surprise costs infinitely many
    bits (as the crossvalidated baselines of Kümmerer, Wallis and Bethge, PNAS 112(52), 2015, add a
    uniform part).

    Args:
        relative: (N, 2), y and x as shares of height and width, in [0, 1).
        size: (height, width) of the picture it is for.

    Returns:
        (H, W), summing to one; uniform where there are no fixations.

    Raises:
        ValueError: another shape, or a value outside [0, 1).
    """
    from scipy.ndimage import gaussian_filter, zoom

    places = np.asarray(relative, dtype=np.float64).reshape(-1, 2)
    if not ((places >= 0) & (places < 1)).all():
        raise ValueError("relative must lie in [0, 1)")
    n = len(places)
    counts, _, _ = np.histogram2d(places[:, 0], places[:, 1], GRID, ((0, 1), (0, 1)))
    if n:
        bandwidth = places.std(axis=0) * n ** (-1 / 6)
        counts = gaussian_filter(counts, bandwidth * GRID, mode="reflect")
    counts += 1 / counts.size
    sides = [length / GRID for length in size]
    found = zoom(counts, sides, order=1, mode="nearest", grid_mode=True)
    return np.asarray(found / found.sum())
