"""How well saliency providers predict where people looked at a data set's pictures.

CC, SIM and KLD compare a map with the blurred fixations on the same picture. The negatives of the
shuffled AUC are all fixations on pictures of other contents, at the same relative places. The
baseline of the information gain is the density of these fixations
(:mod:`iqabench.stats.centre_prior`). So neither the negatives nor the baseline contain fixations on
the judged content.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from iqabench.contract.errors import DataError, UsageError
from iqabench.contract.progress import Watcher
from iqabench.data.tables import Dataset
from iqabench.kit.fixations import TRUTH_SIGMA, blurred, pixels, read_fixations
from iqabench.saliency.maps import MapSource
from iqabench.stats.centre_prior import centre_prior
from iqabench.stats.logistic import FloatArray
from iqabench.stats.saliency import (
    METRICS,
    auc_judd,
    cc,
    information_gain,
    kld,
    nss,
    shuffled_auc,
    sim,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Gaze:
    """The fixations that lie inside one picture."""

    content: str
    size: tuple[int, int]
    """(height, width) of the picture."""
    fixations: FloatArray
    """(N, 2), (y, x) in pixels of the picture."""

    @property
    def places(self) -> NDArray[np.intp]:
        """The pixels that hold the fixations, (N, 2), (y, x)."""
        return pixels(self.fixations, self.size)

    @property
    def relative(self) -> FloatArray:
        """The fixations as shares of height and width, (N, 2), in [0, 1)."""
        return self.fixations / self.size


@dataclass(frozen=True)
class Judge:
    """The data with which the maps of one picture are compared."""

    gaze: Gaze
    others: NDArray[np.intp]
    """(M, 2), (y, x): fixations on other contents, at the same relative places in this picture."""
    truth: NDArray[np.float32]
    prior: FloatArray

    def measure(self, saliency: NDArray[Any]) -> dict[str, float]:
        """The value of every metric for a map, (H, W)."""
        values, places = np.asarray(saliency, dtype=np.float64), self.gaze.places
        gain = information_gain(values, self.prior, places) if len(self.others) else np.nan
        return {
            "nss": nss(values, places),
            "auc_judd": auc_judd(values, places),
            "sauc": shuffled_auc(values, places, self.others),
            "cc": cc(values, self.truth),
            "sim": sim(values, self.truth),
            "kld": kld(values, self.truth),
            "ig": gain,
        }


def evaluate(sources: Mapping[str, MapSource], dataset: Dataset, watch: Watcher) -> pd.DataFrame:
    """Every metric of every provider on every picture that has fixations.

    Args:
        sources: name to show -> provider.
        dataset: a set with the column ``fixations``.
        watch: shows progress.

    Returns:
        One row per picture and provider: ``provider``, ``image``, ``content``, ``error`` (why the
        picture has no map, else None), ``fixations`` (number of fixations inside the picture) and
        the :data:`METRICS`, nan where not defined.

    Raises:
        UsageError: the set has no fixations.
        DataError: a fixation file cannot be read, or a provider that reads maps lacks some.
        ScoreError: a provider returned an invalid map.
    """
    import pandas as pd

    if "fixations" not in dataset.table:
        raise UsageError(
            f"data set '{dataset.name}' has no fixations",
            "--dataset fixations --root DIR takes a folder with images/ and fixations.csv",
        )
    table = dataset.table[dataset.table["fixations"].notna()]
    for label, source in sources.items():
        source.identity(dataset)  # raises if the provider reads maps and an image has none
        with watch.task(f"saliency maps ({label})") as tick:
            source.make(dataset, list(table["image"]), tick)
    rows: list[dict[str, Any]] = []
    with watch.task("measuring") as tick:
        gazes = dict(_gazes(table, sources, dataset))
        for done, (name, content) in enumerate(zip(table["image"], table["content"], strict=True)):
            judge = _judge(gazes[name], gazes) if name in gazes else None
            for label, found in _maps(sources, dataset, name):
                row = {"provider": label, "image": name, "content": content, "error": None}
                if isinstance(found, DataError) or judge is None:
                    rows.append(row | {"error": str(found), "fixations": 0})
                else:
                    fixations = len(judge.gaze.places)
                    rows.append(row | {"fixations": fixations} | judge.measure(found))
            tick(done + 1, len(table), "pictures")
    return pd.DataFrame(
        rows, columns=["provider", "image", "content", "error", "fixations", *METRICS]
    )


def _maps(
    sources: Mapping[str, MapSource], dataset: Dataset, name: str
) -> Iterator[tuple[str, NDArray[np.float16] | DataError]]:
    """A picture's map by each provider, or the error that says why there is none."""
    for label, source in sources.items():
        try:
            yield label, source.read(dataset, name)
        except DataError as error:
            yield label, error


def _gazes(
    table: pd.DataFrame, sources: Mapping[str, MapSource], dataset: Dataset
) -> Iterator[tuple[str, Gaze]]:
    """The fixations on every picture that has a map. The map gives the picture's size."""
    for name, content, file in zip(
        table["image"], table["content"], table["fixations"], strict=True
    ):
        raw = read_fixations(dataset.root / file, name)
        for _, found in _maps(sources, dataset, name):
            if not isinstance(found, DataError):
                height, width = found.shape
                inside = ((raw >= 0) & (raw < (height, width))).all(axis=1)
                yield name, Gaze(content, (height, width), raw[inside])
                break


def _judge(gaze: Gaze, gazes: Mapping[str, Gaze]) -> Judge:
    others = np.concatenate(
        [
            np.empty((0, 2)),
            *(other.relative for other in gazes.values() if other.content != gaze.content),
        ]
    )
    return Judge(
        gaze,
        pixels(others * gaze.size, gaze.size),
        blurred(gaze.fixations, gaze.size, TRUTH_SIGMA * min(gaze.size)),
        centre_prior(others, gaze.size),
    )
