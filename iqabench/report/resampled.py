"""A group's SROCC in every resample; kept, so that the SROCCs of two groups can be subtracted.

G is the number of groups of pictures within which SROCC is computed; 1 if all pictures count at
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.data import array_files
from iqabench.report import group_parts
from iqabench.report.cache import place
from iqabench.report.evaluations import Group, with_predictions
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iqabench.stats.weighted import WeightedStatistic


@dataclass(frozen=True)
class Resampled:
    """SROCC of the K repetitions that have scored images, in the original and in resamples."""

    images: NDArray[Any]
    """For every repetition, also one without scored images, a hash of its scored images' names."""
    scored: NDArray[Any]
    """For every repetition the number of scored images."""
    tested: NDArray[Any]
    """For every repetition the number of images to be scored."""
    contents: NDArray[Any]
    """Names of the contents of scored images."""
    srocc: NDArray[Any]
    """(K, G) values, nan if not defined."""
    samples: NDArray[Any]
    """(resamples, K, G) values. Two models with the same contents have the same draws of them."""


def resampled(
    group: Group, resamples: int, frames: Sequence[pd.DataFrame] | None = None
) -> Resampled:
    """A group's SROCC in every resample, from the store's cache; if absent, computed and cached.

    Args:
        group: the group.
        resamples: number of resamples.
        frames: the group's repetitions, if they were read before.
    """
    path = place(group.store, "srocc", [group.identity], resamples, ".samples")
    with suppress(FileNotFoundError):
        return _read(path)
    made = resample(group, group.repetitions() if frames is None else frames, resamples)
    facts = {name: vars(made)[name].tolist() for name in vars(made) if name != "samples"}
    array_files.write(path, array_files.parts(made.samples, **facts))
    return made


def resample(group: Group, frames: Sequence[pd.DataFrame], resamples: int) -> Resampled:
    """Compute the SROCC of a group's repetitions, as frames of :meth:`Group.repetitions`."""
    import numpy as np

    from iqabench.stats.agreement import srocc
    from iqabench.stats.weighted import weighted_srocc

    scored = [with_predictions(frame) for frame in frames]
    table = [
        [
            arrays(part, "prediction") if len(part) else None
            for part in group_parts.parts(group, frame)
        ]
        for frame in scored
        if len(frame)
    ]
    values = [[np.nan if cell is None else srocc(*cell[:2]) for cell in row] for row in table]
    named = [frame["content"].to_numpy(dtype=str) for frame in scored]
    return Resampled(
        images=np.array([text_digest(list(frame["image"])) for frame in scored], dtype=str),
        scored=np.array([len(frame) for frame in scored]),
        tested=np.array([len(frame) for frame in frames]),
        contents=np.unique(np.concatenate([np.empty(0, dtype=str), *named])),
        srocc=np.array(values, dtype=float).reshape(len(table), len(group_parts.names(group))),
        samples=samples_of(table, resamples, weighted_srocc),
    )


def samples_of(
    table: Sequence[Sequence[tuple[Any, Any, Any] | None]],
    resamples: int,
    statistic: WeightedStatistic,
) -> NDArray[Any]:
    """A statistic of every repetition and group in every resample of contents.

    Args:
        table: K rows of G cells, each with predictions, labels and contents; None for a group that
            is left out.
        resamples: their number.
        statistic: one of :mod:`iqabench.stats.weighted`.

    Returns:
        (resamples, K, G) values; nan where not defined.
    """
    import numpy as np

    from iqabench.stats.bootstrap import repetition_samples

    groups = len(table[0]) if table else 1
    cells = [cell for row in table for cell in row]
    given = [cell for cell in cells if cell is not None]
    found = np.full((resamples, 0), np.nan)
    if given:
        found = repetition_samples(given, statistic=statistic, resamples=resamples)
    if len(given) < len(cells):
        some, found = found, np.full((resamples, len(cells)), np.nan)
        found[:, [place for place, cell in enumerate(cells) if cell is not None]] = some
    return found.reshape(resamples, len(table), groups)


def means_of(
    table: Sequence[Sequence[tuple[Any, Any, Any] | None]],
    resamples: int,
    statistic: WeightedStatistic,
) -> NDArray[Any]:
    """A statistic in every resample: (resamples,) means over groups, then over drawn repetitions.

    Arguments as for :func:`samples_of`; nan where not defined.
    """
    from iqabench.stats.bootstrap import mean_of_drawn, repeated_bootstrap
    from iqabench.stats.by_group import group_means

    if all(len(row) == 1 and row[0] is not None for row in table) and table:
        # The same without samples of all repetitions, which may be thousands.
        whole = [cell for (cell,) in table if cell is not None]
        return repeated_bootstrap(whole, statistic=statistic, resamples=resamples)
    return mean_of_drawn(group_means(samples_of(table, resamples, statistic)))


def arrays(frame: pd.DataFrame, column: str) -> tuple[Any, Any, Any]:
    """Three (n,) arrays: a column of the frame, the labels, and the names of the contents."""
    return (
        frame[column].to_numpy(),
        frame["quality"].to_numpy(),
        frame["content"].to_numpy(dtype=str),
    )


@lru_cache(maxsize=128)  # every pair of models reads it; a file's name changes with its content
def _read(path: Path) -> Resampled:
    """A group's resamples from the cache.

    Raises:
        FileNotFoundError: the file is absent or damaged.
    """
    import numpy as np

    kept = array_files.read(path)
    if kept is None:
        raise FileNotFoundError(path)
    samples, facts = kept
    types = {"images": str, "contents": str, "scored": int, "tested": int, "srocc": float}
    arrays: dict[str, Any] = {
        name: np.array(facts[name], dtype=kind) for name, kind in types.items()
    }
    arrays["srocc"] = arrays["srocc"].reshape(samples.shape[1:])
    return Resampled(samples=np.array(samples), **arrays)
