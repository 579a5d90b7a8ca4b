"""A group's predictions as arrays with one entry per image, for comparisons of two models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Scores:
    """K repetitions over the N images of a test set; nan if a repetition has no value of an image.

    Attributes:
        group: the group whose predictions these are.
        quality: (N,) labels.
        contents: (N,) names of the images' contents.
        predictions: (K, N), higher for better pictures.
        fitted: (K, N) residuals, in the labels' unit, after each repetition's mapping; without a
            mapping only where predictions are in that unit;
            all nan in a repetition without a curve. If the fitted curve falls, the mean label is
            used in its place. This is the best mapping that does not reverse the scores' direction.
    """

    group: Group
    quality: Array
    contents: Array
    predictions: Array
    fitted: Array

    @property
    def in_labels_unit(self) -> bool:
        """Whether predictions are in the labels' unit; only then raw residuals have a meaning."""
        return self.group.in_labels_unit


def scores(group: Group) -> Scores:
    """The predictions and residuals of a group as arrays."""
    import numpy as np

    table = group.table
    quality = table["quality"].to_numpy(dtype=float)
    predictions = np.stack([_aligned(frame, table) for frame in group.repetitions()])
    fitted = np.stack([_fitted(row, quality, group) for row in predictions])
    contents = table["content"].to_numpy(dtype=str)
    return Scores(group, quality, contents, predictions, fitted)


def _aligned(frame: pd.DataFrame, table: pd.DataFrame) -> Array:
    found = frame.set_index("image")["prediction"].reindex(table["image"])
    return found.to_numpy(dtype=float)


def _fitted(prediction: Array, quality: Array, group: Group) -> Array:
    import numpy as np

    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    out = np.full(quality.shape, np.nan)
    there = np.isfinite(prediction)
    x, y = prediction[there], quality[there]
    if group.mapping == "none":
        if group.in_labels_unit:
            out[there] = x - y
        return out
    try:
        mapped = fitted(x, y, group.mapping)(x)
    except LogisticFitError:
        return out
    rises = mapped[x.argmax()] > mapped[x.argmin()]
    out[there] = (mapped if rises else y.mean()) - y
    return out
