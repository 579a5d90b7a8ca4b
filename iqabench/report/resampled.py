"""A group's SROCC in every resample; kept, so that the SROCCs of two groups can be subtracted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.data import array_files
from iqabench.report.cache import place
from iqabench.report.evaluations import Group
from iqabench.store.fingerprints import text_digest

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


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
    """(K,) values, nan if not defined."""
    samples: NDArray[Any]
    """(resamples, K) values. Groups with the same contents have the same draws of contents."""


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
    made = resample(group.repetitions() if frames is None else frames, resamples)
    facts = {name: vars(made)[name].tolist() for name in vars(made) if name != "samples"}
    array_files.write(path, array_files.parts(made.samples, **facts))
    return made


def resample(frames: Sequence[pd.DataFrame], resamples: int) -> Resampled:
    """Compute the SROCC of repetitions: frames with image, content, quality, prediction."""
    import numpy as np

    from iqabench.stats.agreement import srocc
    from iqabench.stats.bootstrap import repetition_samples

    scored = [frame[frame["prediction"].notna()] for frame in frames]
    repetitions = [arrays(frame, "prediction") for frame in scored if len(frame)]
    return Resampled(
        images=np.array([text_digest(list(frame["image"])) for frame in scored], dtype=str),
        scored=np.array([len(frame) for frame in scored]),
        tested=np.array([len(frame) for frame in frames]),
        contents=np.unique(np.concatenate([np.empty(0, dtype=str), *(r[2] for r in repetitions)])),
        srocc=np.array([srocc(prediction, quality) for prediction, quality, _ in repetitions]),
        samples=repetition_samples(repetitions, resamples=resamples)
        if repetitions
        else np.empty((resamples, 0)),
    )


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
    return Resampled(samples=np.array(samples), **arrays)
