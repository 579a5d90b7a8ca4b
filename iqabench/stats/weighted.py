"""Statistics of many resamples at once, each given as a row of counts.

A row says how often each sample occurs in a resample. Statistics are computed from the counts, many
rows at once, and equal the plain statistic of the repeated sample, ties included: values are sorted
once, and the mid-rank of a group of equal values follows from cumulated counts. Where whole
contents are drawn, PLCC and RMSE need only sums within contents, KROCC only sums over pairs of
contents. SROCC and KROCC are compiled where numba is there (the extra ``fast``), with the same
results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from iqabench.stats.agreement import MIN_SAMPLES, plcc
from iqabench.stats.centring import FloatArray, scaled_to_one
from iqabench.stats.logistic import finite_pair

IntArray = npt.NDArray[np.integer[Any]]
WeightedStatistic = Callable[[FloatArray, FloatArray, IntArray], FloatArray]
"""(n,) predictions, (n,) labels, (R, n) counts -> (R,) values, nan where not defined."""
CountsStatistic = Callable[[IntArray], FloatArray]
"""(R, c) counts of contents -> (R,) values."""
Preparation = Callable[[FloatArray, FloatArray, IntArray], CountsStatistic]
"""(n,) predictions, labels and numbers of the contents -> what is left to do for each resample."""

_CELLS = 2**17  # counts handled at once: arrays that stay in cache
_PAIR_CELLS = 2**20  # pairs of samples looked at, or counted, at once
_PAIRED = 2**12  # samples up to which looking at all pairs costs less than compiled sorting
_PAIRED_WITHOUT = 2**14  # the same where nothing is compiled
_PAIRS_WORTH = 8  # pairs of contents for each sample up to which that is so
_COMPILED_TOTAL = 2**17  # samples of a resample up to which cubes of their number are exact floats
_CANCELLATION = 0.05  # share of the raw second moment below which a variance loses digits


def weighted_srocc(x: npt.ArrayLike, y: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Spearman's rank correlation of every resample.

    Args:
        x: (n,) predictions.
        y: (n,) labels.
        counts: (R, n) non-negative integers, the occurrences of each sample in each resample.

    Returns:
        (R,) values in [-1, 1], equal to ``srocc(np.repeat(x, c), np.repeat(y, c))`` for each row
        c of counts; nan for resamples of fewer than 3 samples or constant ones.

    Raises:
        ValueError: NaN, infinity, wrong shapes, or counts that are negative or no integers.
    """
    return _of_samples(_srocc_of, x, y, counts)


def weighted_plcc(x: npt.ArrayLike, y: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Pearson's correlation of every resample; arguments, result, errors as `weighted_srocc`."""
    return _of_samples(_plcc_of, x, y, counts)


def weighted_rmse(x: npt.ArrayLike, y: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Root mean squared difference of every resample, in the common unit of x and y.

    Arguments and errors as `weighted_srocc`; nan for an empty resample only.
    """
    return _of_samples(_rmse_of, x, y, counts)


def weighted_krocc(x: npt.ArrayLike, y: npt.ArrayLike, counts: npt.ArrayLike) -> FloatArray:
    """Kendall's tau-b of every resample; arguments, result, errors as `weighted_srocc`.

    Pairs of samples, in both orders, are all but those equal in x or in y, and agree or disagree.
    """
    return _of_samples(_krocc_of, x, y, counts)


def prepared(
    statistic: WeightedStatistic, x: FloatArray, y: FloatArray, column: IntArray
) -> CountsStatistic:
    """What is left of a statistic for each resample of contents.

    Args:
        statistic: :func:`weighted_srocc` or another.
        x: (n,) predictions.
        y: (n,) labels.
        column: (n,) the column of each sample's content in the counts.
    """
    prepare = _PREPARED.get(statistic, partial(_of_images, statistic))
    return prepare(x, y, column)


def chunks(rows: int, width: int, cells: int) -> Iterator[slice]:
    """Slices of rows that have about so many cells together."""
    step = max(1, cells // max(width, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def _of_samples(
    prepare: Preparation, x: npt.ArrayLike, y: npt.ArrayLike, counts: npt.ArrayLike
) -> FloatArray:
    """A statistic of counts of samples: each is a content of its own."""
    first, second = finite_pair(x, y)
    table = _checked_counts(counts, first.size)
    if not first.size:
        return np.full(len(table), np.nan)
    return prepare(first, second, np.arange(first.size))(table)


def _of_images(
    statistic: WeightedStatistic, x: FloatArray, y: FloatArray, column: IntArray
) -> CountsStatistic:
    """Any statistic, of the counts of each content's samples."""
    return lambda counts: statistic(x, y, np.take(counts, column, axis=1))


def _srocc_of(x: FloatArray, y: FloatArray, column: IntArray) -> CountsStatistic:
    """`weighted_srocc` of these samples, which are sorted once."""
    groups_x, groups_y = _tie_groups(x), _tie_groups(y)
    places = *groups_x.places(), *groups_y.places()

    def of(counts: IntArray) -> FloatArray:
        table = np.take(counts, column, axis=1)
        total = table.sum(axis=1)
        compiled = _compiled(total)
        if compiled is not None:
            sums = compiled.rank_sums(table, *places)
            return _ratio(sums[0], sums[1] / 3, sums[2] / 3, total)
        out = np.empty(len(table))
        for rows in chunks(len(table), x.size, _CELLS):
            chunk = table[rows]
            ranks_x, square_x = _centred_ranks(chunk, groups_x)
            ranks_y, square_y = _centred_ranks(chunk, groups_y)
            ranks_x *= chunk
            product = np.einsum("ij,ij->i", ranks_x, ranks_y)
            out[rows] = _ratio(product, square_x, square_y, total[rows])
        return out

    return of


def _krocc_of(x: FloatArray, y: FloatArray, column: IntArray) -> CountsStatistic:
    """`weighted_krocc` of these samples, whose pairs are counted once where contents are few."""
    own, place = np.unique(column, return_inverse=True)
    paired = _PAIRED_WITHOUT if _numba() is None else _PAIRED
    if x.size <= paired and own.size**2 <= x.size * _PAIRS_WORTH:
        sizes, forms = np.bincount(place).astype(float), _pair_forms(x, y, place)

        def of_contents(counts: IntArray) -> FloatArray:
            table = np.take(counts, own, axis=1).astype(np.float64)
            agree, equal_x, equal_y = (np.einsum("ij,ij->i", table @ form, table) for form in forms)
            total = table @ sizes
            return _ratio(agree, total**2 - equal_x, total**2 - equal_y, total)

        return of_contents
    groups_x, groups_y = _tie_groups(x), _tie_groups(y)
    groups = _tie_groups(groups_x.group * groups_y.last.size + groups_y.group)
    merges = _merges(x, y) if _numba() is not None else ()

    def of(counts: IntArray) -> FloatArray:
        table = np.take(counts, column, axis=1)
        total = table.sum(axis=1)
        pairs = total.astype(np.float64) ** 2
        equal_x, equal_y = _equal_pairs(table, groups_x), _equal_pairs(table, groups_y)
        compiled = _compiled(total)
        if compiled is not None:
            disagree = 4.0 * compiled.inversions(table, *merges)
            concord = pairs - equal_x - equal_y + _equal_pairs(table, groups) - disagree
        else:
            concord = _concord(x, y, table)
        return _ratio(concord, pairs - equal_x, pairs - equal_y, total)

    return of


def _plcc_of(x: FloatArray, y: FloatArray, column: IntArray) -> CountsStatistic:
    """`weighted_plcc` of these samples, which are centred and summed within contents once."""
    u, v = _centred(x), _centred(y)
    own, terms = _sums_within(column, np.ones(x.size), u, v, u * u, v * v, u * v)

    def of(counts: IntArray) -> FloatArray:
        total, sum_u, sum_v, sum_uu, sum_vv, sum_uv = _weighted_sums(counts, own, terms).T
        n = np.maximum(total, 1)
        square_u, square_v = sum_uu - sum_u**2 / n, sum_vv - sum_v**2 / n
        out = _ratio(sum_uv - sum_u * sum_v / n, square_u, square_v, total)
        # Far from the centre, or (nearly) constant: the differences above have lost their digits.
        doubtful = (square_u <= _CANCELLATION * sum_uu) | (square_v <= _CANCELLATION * sum_vv)
        for row in np.flatnonzero(doubtful):
            often = counts[row, column]
            out[row] = plcc(np.repeat(x, often), np.repeat(y, often))
        return out

    return of


def _rmse_of(x: FloatArray, y: FloatArray, column: IntArray) -> CountsStatistic:
    """`weighted_rmse` of these samples, which are scaled and summed within contents once."""
    away, exponent = scaled_to_one(x - y)
    own, terms = _sums_within(column, np.ones(x.size), away**2)

    def of(counts: IntArray) -> FloatArray:
        total, squares = _weighted_sums(counts, own, terms).T
        root = np.ldexp(np.sqrt(squares / np.maximum(total, 1)), exponent)
        return np.where(total > 0, root, np.nan)

    return of


_PREPARED: dict[WeightedStatistic, Preparation] = {
    weighted_srocc: _srocc_of,
    weighted_krocc: _krocc_of,
    weighted_plcc: _plcc_of,
    weighted_rmse: _rmse_of,
}
"""What a statistic can do once for all resamples."""


@dataclass(frozen=True)
class _TieGroups:
    order: npt.NDArray[np.intp]  # (n,) samples in ascending order
    last: npt.NDArray[np.intp]  # (g,) place, in that order, of the last sample of each group
    group: npt.NDArray[np.intp]  # (n,) group of each sample

    def places(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
        """Samples in ascending order, and the group of each."""
        return self.order.astype(np.uint32), self.group[self.order].astype(np.uint32)


def _tie_groups(values: npt.NDArray[Any]) -> _TieGroups:
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    return _TieGroups(np.argsort(group, kind="stable"), np.cumsum(size) - 1, group)


def _centred_ranks(counts: IntArray, ties: _TieGroups) -> tuple[FloatArray, FloatArray]:
    """Twice the mid-ranks less their mean, (R, n), and their sum of squares, (R,).

    With E(g) samples up to and including group g, and N in all, the group's doubled mid-rank is
    E(g - 1) + E(g) + 1 and the mean of all is N + 1; with t(g) = E(g) - E(g - 1) the squares sum
    to (N^3 - sum of t(g)^3) / 3. All are integers, hence exact, and zero for a constant sample.
    """
    cumulated = np.cumsum(np.take(counts, ties.order, axis=1), axis=1, dtype=counts.dtype)
    if ties.last.size < ties.order.size:
        cumulated = np.take(cumulated, ties.last, axis=1)
    total = cumulated[:, -1:].astype(np.float64)
    size = cumulated.astype(np.float64)
    ranks = size - total
    ranks[:, 1:] += cumulated[:, :-1]
    size[:, 1:] -= cumulated[:, :-1]
    cubes = np.einsum("ij,ij->i", size * size, size)
    square = (total * total * total)[:, 0] - cubes
    return np.take(ranks, ties.group, axis=1), square / 3


def _equal_pairs(counts: IntArray, ties: _TieGroups) -> FloatArray:
    """Pairs of samples with equal values, a sample with itself and both orders included: (R,)."""
    starts = np.concatenate([[0], ties.last[:-1] + 1])
    out = np.empty(len(counts))
    for rows in chunks(len(counts), ties.order.size, _CELLS):
        size = counts[rows]
        if starts.size < ties.order.size:
            size = np.add.reduceat(np.take(size, ties.order, axis=1), starts, axis=1)
        size = size.astype(np.float64)
        out[rows] = np.einsum("ij,ij->i", size, size)
    return out


def _concord(x: FloatArray, y: FloatArray, counts: IntArray) -> FloatArray:
    """Pairs that agree less pairs that disagree, in both orders: (R,).

    With S the (n, n) matrix of products of the signs of differences it is c'Sc for the counts c.
    The matrix is made some rows at a time.
    """
    # Sums of whole numbers below 2^24 are exact in 32 bits, which are twice as fast.
    kind = np.float32 if counts.sum(axis=1).max(initial=0) < 2**24 else np.float64
    weights = counts.astype(kind)
    out = np.zeros(len(counts))
    for rows in chunks(x.size, x.size, _PAIR_CELLS):
        signs = np.sign(x[rows, None] - x) * np.sign(y[rows, None] - y)
        found = np.matmul(weights, signs.T.astype(kind)).astype(np.float64)
        out += (found * counts[:, rows]).sum(axis=1)
    return out


def _merges(x: FloatArray, y: FloatArray) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Samples by x, and the (levels, n) orders in which a merge sort by y leaves their places."""
    order = np.lexsort((y, x))
    place = np.arange(x.size)
    sizes = [2**level for level in range(1, (x.size - 1).bit_length() + 1)]
    merged = [np.lexsort((place, y[order], place // size)) for size in sizes]
    levels = np.array(merged, dtype=np.uint32).reshape(len(sizes), x.size)
    return order.astype(np.uint32), levels


@cache
def _numba() -> ModuleType | None:
    try:
        from iqabench.stats import compiled
    except (ImportError, RuntimeError):  # not there, not for this numpy, or no place for its cache
        return None
    return compiled


def _compiled(total: IntArray) -> ModuleType | None:
    """The compiled sums, where they are to be had and exact."""
    return _numba() if total.max(initial=0) <= _COMPILED_TOTAL else None


def _ratio(
    product: FloatArray, square_x: FloatArray, square_y: FloatArray, total: IntArray
) -> FloatArray:
    defined = (square_x > 0) & (square_y > 0) & (total >= MIN_SAMPLES)
    scale = np.sqrt(np.where(defined, square_x, 1)) * np.sqrt(np.where(defined, square_y, 1))
    return np.where(defined, np.clip(product / scale, -1, 1), np.nan)


def _centred(values: FloatArray) -> FloatArray:
    """Values about their median, which an outlier that few resamples hold cannot drag away."""
    scaled, _ = scaled_to_one(values)
    return scaled_to_one(scaled - np.median(scaled))[0]


def _sums_within(column: IntArray, *terms: FloatArray) -> tuple[IntArray, FloatArray]:
    """The (c,) contents that occur, and the (c, k) sums of (n,) terms within each."""
    own, place = np.unique(column, return_inverse=True)
    return own, np.column_stack([np.bincount(place, weights=term) for term in terms])


def _weighted_sums(counts: IntArray, own: IntArray, values: FloatArray) -> FloatArray:
    """(R, C) counts, (c,) columns, (c, k) values -> (R, k), without a float copy of all counts."""
    out = np.empty((len(counts), values.shape[1]))
    for rows in chunks(len(counts), len(values), _CELLS):
        out[rows] = np.take(counts[rows], own, axis=1).astype(np.float64) @ values
    return out


def _pair_forms(x: FloatArray, y: FloatArray, place: IntArray) -> FloatArray:
    """Sums over the pairs of samples of each pair of contents, in both orders: (3, c, c).

    The first adds 1 for a pair that agrees and -1 for one that disagrees, the second counts pairs
    equal in x, the third those equal in y. A sample is a pair with itself. With the counts k of
    contents, k'Fk is the sum in a resample. All are whole numbers.
    """
    order = np.argsort(place, kind="stable")
    x, y, place = x[order], y[order], place[order]
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    forms = np.zeros((3, starts.size, starts.size))
    for rows in chunks(x.size, x.size, _PAIR_CELLS):
        agree = _signs(x[rows], x) * _signs(y[rows], y)
        equal = [(one[rows, None] == one).view(np.int8) for one in (x, y)]
        first = np.flatnonzero(np.diff(place[rows], prepend=-1))  # of each content in the rows
        for form, pairs in zip(forms, (agree, *equal), strict=True):
            sums = np.add.reduceat(pairs, starts, axis=1, dtype=np.int64)
            form[place[rows][first]] += np.add.reduceat(sums, first, axis=0)
    return forms


def _signs(some: FloatArray, others: FloatArray) -> npt.NDArray[np.int8]:
    """The signs of the differences of all pairs."""
    above, below = some[:, None] > others, some[:, None] < others
    signs: npt.NDArray[np.int8] = above.view(np.int8) - below.view(np.int8)
    return signs


def _checked_counts(counts: npt.ArrayLike, n: int) -> IntArray:
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] != n:
        raise ValueError(f"counts must be of shape (resamples, {n}), not {table.shape}")
    if table.dtype.kind not in "iu":
        raise ValueError(f"counts must be integers, not {table.dtype}")
    if table.size and table.min() < 0:
        raise ValueError("counts must not be negative")
    # Cumulated counts need room, and 32 bits are twice as fast as 64.
    largest = int(table.max(initial=0)) * n
    return table.astype(np.int32 if largest < 2**31 else np.int64, copy=False)
