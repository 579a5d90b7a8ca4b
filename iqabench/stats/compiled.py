"""Sums behind SROCC and KROCC of resamples, compiled by numba: the extra ``fast``.

All are whole numbers in 64 bits, hence exactly what :mod:`iqabench.stats.weighted` computes with
numpy. numba compiles on a machine's first call and keeps the result beside this file, or in its own
cache where that folder cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
IntArray = npt.NDArray[np.integer[Any]]
Sums = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint32]
"""Unsigned, since numba looks twice at an index that could be negative."""

LANES = 16
"""Resamples handled side by side, so that one instruction serves several."""


def _jit(function: Function) -> Function:
    return cast(Function, njit(cache=True, nogil=True)(function))


@_jit
def rank_sums(
    counts: IntArray, order_x: Places, groups_x: Places, order_y: Places, groups_y: Places
) -> Sums:
    """Sums of products and of squares of doubled mid-ranks less their mean.

    Args:
        counts: (R, n) occurrences of each sample, at most 2^20 in a resample; n at least 1.
        order_x: (n,) samples in ascending order of x; ``order_y`` likewise.
        groups_x: (n,) group of equal values at each place in that order, counted from 0;
            ``groups_y`` likewise.

    Returns:
        (3, R): the products, and three times the squares in x and in y.
    """
    rows, n = counts.shape
    sums = np.zeros((3, rows), np.int64)
    below_x, below_y = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    rank_x = np.empty(n, np.int64)
    for row in range(rows):
        own = counts[row]
        total = _cumulate(own, order_x, groups_x, below_x)
        for place in range(n):
            group = groups_x[place]
            rank_x[order_x[place]] = below_x[group] + below_x[group + 1] - total
        _cumulate(own, order_y, groups_y, below_y)
        for place in range(n):
            sample, group = order_y[place], groups_y[place]
            rank_y = below_y[group] + below_y[group + 1] - total
            sums[0, row] += own[sample] * rank_x[sample] * rank_y
        sums[1, row] = total * total * total - _cubes(below_x, groups_x[-1] + 1)
        sums[2, row] = total * total * total - _cubes(below_y, groups_y[-1] + 1)
    return sums


@_jit
def _cumulate(own: IntArray, order: Places, groups: Places, below: Sums) -> np.int64:
    """Fill in the samples below each group, and return the number of all."""
    total = np.int64(0)
    for place in range(order.size):
        total += own[order[place]]
        below[groups[place] + 1] = total
    return total


@_jit
def _cubes(below: Sums, groups: int) -> np.int64:
    """Sum of the cubes of the groups' sizes."""
    total = np.int64(0)
    for group in range(groups):
        size = below[group + 1] - below[group]
        total += size * size * size
    return total


@_jit
def inversions(counts: IntArray, order: Places, merges: Places) -> Sums:
    """Pairs of samples, each as often as both occur, that x and y order differently.

    Knight's way (JASA 61, 1966): the pairs that a merge sort by y would exchange. The order in
    which it merges is the same for all resamples; only the occurrences differ.

    Args:
        counts: (R, n) occurrences of each sample, at most 2^26 in a resample.
        order: (n,) samples in ascending order of x, by y where x is equal.
        merges: (levels, n) places in that order as they stand after blocks of 1, 2, 4, ... have
            been merged in pairs by y, the left block's first where y is equal.

    Returns:
        (R,) counts of pairs.
    """
    rows, n = counts.shape
    out = np.zeros(rows, np.int64)
    own = np.zeros((n, LANES), np.int64)
    right, found = np.empty(LANES, np.int64), np.empty(LANES, np.int64)
    for first in range(0, rows, LANES):
        lanes = min(LANES, rows - first)
        for place in range(n):
            for lane in range(lanes):
                own[place, lane] = counts[first + lane, order[place]]
        found[:] = 0
        size = 1
        for level in range(len(merges)):
            merged = merges[level]
            for start in range(0, n, 2 * size):
                right[:] = 0
                for k in range(start, min(start + 2 * size, n)):
                    place = merged[k]
                    if place < start + size:
                        for lane in range(LANES):
                            found[lane] += own[place, lane] * right[lane]
                    else:
                        for lane in range(LANES):
                            right[lane] += own[place, lane]
            size *= 2
        out[first : first + lanes] = found[:lanes]
    return out
