"""Percentile bootstrap of SROCC, PLCC and RMSE over contents and repetitions.

Contents are drawn, not images, since images of one content err together (Cameron, Gelbach and
Miller, "Bootstrap-based improvements for inference with clustered errors", REStat 90(3), 2008;
percentile interval: Efron, 1979). Where images are independent, let every image be its own content.
With few contents the intervals are too short: in simulation a nominal 5% test by them had a size
of 14% at 5 or 6 contents and of 8% at 16 to 29.
A resample is a row of counts: how often each content occurs in it. Statistics are computed from the
counts: see :mod:`iqabench.stats.weighted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import FloatArray
from iqabench.stats.logistic import finite_pair
from iqabench.stats.weighted import (
    IntArray,
    WeightedStatistic,
    chunks,
    prepared,
    weighted_srocc,
)

Repetition = tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]
"""Predictions, labels and content labels of one seed or fold, all (n_r,)."""

_DRAWN_CELLS = 2**17  # draws made at once: arrays that stay in cache
_COUNT_CELLS = 2**20  # counts drawn at once
_VALUE_CELLS = 2**21  # values of all repetitions held at once


def content_counts(
    contents: npt.ArrayLike, resamples: int, seed: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp]]:
    """Draws contents with replacement, as many as there are.

    Args:
        contents: (n,) labels, one per image: integers or strings.
        resamples: number of draws, at least 1.
        seed: the draws depend on it and on the number of distinct contents alone.

    Returns:
        (resamples, n_contents) counts, contents in sorted order, and the (n,) column of each
        image, so that ``counts[:, column]`` are the (resamples, n) counts of the images.

    Raises:
        ValueError: no contents, labels that cannot be sorted or are missing, resamples below 1.
    """
    column, size = _content_columns([_label_vector(contents, "contents")])
    rng, _ = _generators(seed)
    return _draw_counts(rng, _positive(resamples), size), column[0]


def repeated_bootstrap(
    repetitions: Sequence[Repetition],
    *,
    statistic: WeightedStatistic = weighted_srocc,
    resamples: int = 10_000,
    seed: int = 0,
) -> FloatArray:
    """Bootstrap distribution of a statistic's mean over repetitions (seeds or folds).

    One resample draws contents with replacement from the union of all repetitions, the same draw
    for each of them, and repetitions with replacement. The statistic is computed per repetition
    and averaged over the drawn ones. A repetition that the drawn contents leave without a defined
    statistic (none of its contents, a constant sample) is left out of that mean; where folds hold
    a content or two each that is a good part of them.

    The draws depend on the seed, the set of content labels and the number of repetitions alone:
    two models on the same images get the same draws, so that the difference of their results is
    a paired bootstrap of the difference.

    Args:
        repetitions: for each, predictions, labels and content labels, all (n_r,).
        statistic: `weighted_srocc`, `weighted_plcc`, `weighted_rmse` or another of the kind.
        resamples: number of resamples, at least 1.
        seed: of the draws.

    Returns:
        (resamples,) means; nan where no drawn repetition has a defined statistic, and all nan
        with a single content. Takes some 20 MB beside the result, and up to 50 MB where
        repetitions are many, whatever the number of resamples.

    Raises:
        ValueError: no repetitions, an argument of unequal length, NaN or infinity, labels that
            cannot be sorted or are missing, resamples below 1.
    """
    _, rng = _generators(seed)
    means = np.empty(_positive(resamples))
    for rows, values in _sampled(repetitions, statistic, resamples, seed):
        means[rows] = _drawn_mean(values, _draw_counts(rng, *values.shape))
    return means


def repetition_samples(
    repetitions: Sequence[Repetition],
    *,
    statistic: WeightedStatistic = weighted_srocc,
    resamples: int = 10_000,
    seed: int = 0,
) -> FloatArray:
    """The statistic of each repetition in each resample of contents.

    Arguments and errors as `repeated_bootstrap`, which is the `mean_of_drawn` of this.

    Returns:
        (resamples, k) values for k repetitions; nan where not defined, and everywhere if there is
        only one content: a single content says nothing about how much contents vary.
    """
    samples = np.empty((_positive(resamples), len(repetitions)))
    for rows, values in _sampled(repetitions, statistic, resamples, seed):
        samples[rows] = values
    return samples


def _sampled(
    repetitions: Sequence[Repetition], statistic: WeightedStatistic, resamples: int, seed: int
) -> Iterator[tuple[slice, FloatArray]]:
    """Some resamples after the other, each with its values as in `repetition_samples`."""
    pairs, labels = _checked_repetitions(repetitions)
    columns, contents = _content_columns(labels)
    statistics = [
        prepared(statistic, *pair, column) for pair, column in zip(pairs, columns, strict=True)
    ]
    content_rng, _ = _generators(seed)
    width = max(contents, *(column.size for column in columns))
    # Long chunks, because each costs a call for every repetition.
    step = min(_COUNT_CELLS // width, _VALUE_CELLS // len(pairs))
    for rows in chunks(_positive(resamples), 1, step):
        values = np.full((rows.stop - rows.start, len(pairs)), np.nan)
        if contents > 1:
            counts = _draw_counts(content_rng, len(values), contents)
            for number, of in enumerate(statistics):
                values[:, number] = of(counts)
        yield rows, values


def mean_of_drawn(values: npt.ArrayLike, *, seed: int = 0) -> FloatArray:
    """Mean of each resample over repetitions drawn with replacement.

    Two models' `repetition_samples` on the same images may be subtracted before: a repetition that
    is not defined for one of them is then left out for both.

    Args:
        values: (R, k), as of `repetition_samples` with that seed.
        seed: of the draws.

    Returns:
        (R,) means of the finite values; nan where none was drawn.
    """
    table = np.asarray(values, dtype=np.float64)
    if not table.shape[1]:
        return np.full(len(table), np.nan)
    return _drawn_mean(table, _drawn_repetitions(seed, *table.shape))


def _drawn_mean(values: FloatArray, drawn: IntArray) -> FloatArray:
    """(R,) means of (R, k) values, each counted as often as it was drawn; nan ones are left out."""
    means = np.empty(len(values))
    for rows in chunks(len(values), values.shape[1], _DRAWN_CELLS):
        some = values[rows]
        weight = np.where(np.isfinite(some), drawn[rows], 0)
        total = weight.sum(axis=1)
        mean = (np.where(weight > 0, some, 0) * weight).sum(axis=1) / np.maximum(total, 1)
        means[rows] = np.where(total > 0, mean, np.nan)
    return means


def interval(samples: npt.ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Percentile interval of bootstrap samples, in their unit.

    Args:
        samples: (R,) values; nan, a resample without a defined statistic, is left out, so that
            the interval holds given that the statistic is defined.
        level: share between the two ends, inside (0, 1).

    Returns:
        The (1 - level) / 2 and (1 + level) / 2 quantiles, linearly interpolated; (nan, nan)
        where no sample is finite.

    Raises:
        ValueError: level outside (0, 1), or samples that are not one-dimensional.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"samples must be one-dimensional, not of shape {values.shape}")
    values = values[np.isfinite(values)]
    if not values.size:
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _checked_repetitions(
    repetitions: Sequence[Repetition],
) -> tuple[list[tuple[FloatArray, FloatArray]], list[npt.NDArray[Any]]]:
    if not repetitions:
        raise ValueError("repetitions must hold at least one repetition")
    pairs, labels = [], []
    for number, (prediction, quality, contents) in enumerate(repetitions):
        where = f"of repetition {number}"
        pair = finite_pair(prediction, quality, (f"prediction {where}", f"quality {where}"))
        label = _label_vector(contents, f"contents {where}")
        if label.size != pair[0].size:
            raise ValueError(
                f"contents {where} must be as long as its predictions, {pair[0].size}, "
                f"not {label.size}"
            )
        pairs.append(pair)
        labels.append(label)
    return pairs, labels


def _label_vector(contents: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    labels = np.asarray(contents)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"{name} must be one-dimensional and not empty: shape {labels.shape}")
    if labels.dtype.kind == "f" and np.isnan(labels).any():
        raise ValueError(f"{name} holds a missing label")
    return labels


def _content_columns(
    labels: Sequence[npt.NDArray[Any]],
) -> tuple[list[npt.NDArray[np.intp]], int]:
    """For each repetition the column of each image's content, and the number of contents."""
    try:
        names, column = np.unique(np.concatenate(labels), return_inverse=True)
    except TypeError as error:  # None among strings, say
        raise ValueError("contents holds labels that are missing or cannot be sorted") from error
    return np.split(column, np.cumsum([label.size for label in labels])[:-1]), names.size


def _generators(seed: int) -> tuple[np.random.Generator, np.random.Generator]:
    """Independent streams for contents and repetitions, so that neither shifts the other."""
    contents, repetitions = np.random.SeedSequence(seed).spawn(2)
    return np.random.default_rng(contents), np.random.default_rng(repetitions)


@lru_cache(maxsize=8)  # every pair of models asks for the same
def _drawn_repetitions(seed: int, resamples: int, size: int) -> npt.NDArray[np.int32]:
    _, rng = _generators(seed)
    return _draw_counts(rng, resamples, size)


def _draw_counts(rng: np.random.Generator, rows: int, size: int) -> npt.NDArray[np.int32]:
    """(rows, size) counts of ``size`` draws with replacement; chunks leave the stream as it is."""
    counts = np.empty((rows, size), dtype=np.int32)
    for chunk in chunks(rows, size, _DRAWN_CELLS):
        # The same numbers as with 64 bits, which take longer.
        drawn = rng.integers(size, size=(chunk.stop - chunk.start, size), dtype=np.int32)
        for row, draws in zip(counts[chunk], drawn, strict=True):
            row[:] = np.bincount(draws, minlength=size)  # one row at a time stays in cache
    return counts


def _positive(resamples: int) -> int:
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    return resamples
