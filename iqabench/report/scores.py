"""A group's predictions as arrays with one entry per image, for comparisons of two models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group
from iqabench.report.group_parts import places

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
        places: (N,) the image's group of pictures, see :func:`iqabench.report.group_parts.places`.
        predictions: (K, N), higher for better pictures.
        tested: (K, N) bool: whether an image is in a repetition's test part.
    """

    group: Group
    quality: Array
    contents: Array
    places: Array
    predictions: Array
    tested: Array

    @property
    def in_labels_unit(self) -> bool:
        """Whether predictions are in the labels' unit; only then raw residuals have a meaning."""
        return self.group.in_labels_unit

    @cached_property
    def scored(self) -> Array:
        """(K, N) bool: whether there is a prediction."""
        import numpy as np

        return np.isfinite(self.predictions)

    def fitted(self, wanted: Array) -> Array:
        """(K, N) residuals, in the labels' unit, after each repetition's mapping; without a
        mapping only where predictions are in that unit.

        The curve is fitted to the wanted images alone, because a curve bends to every image that
        it is fitted to. Repetitions without a curve are all nan. If the fitted curve falls, the
        mean label is used in its place. This is the best mapping that does not reverse the scores'
        direction. Within groups of pictures each group has its own curve.

        Args:
            wanted: (K, N) bool, a part of :attr:`scored`.
        """
        import numpy as np

        rows = [
            own if (rows == scored).all() else self._of_groups(prediction, rows)
            for own, rows, scored, prediction in zip(
                self._own, wanted, self.scored, self.predictions, strict=True
            )
        ]
        return np.stack(rows)

    @cached_property
    def _own(self) -> list[Array]:
        """Residuals of all scored images: kept, because most pairs of models need these."""
        return [
            self._of_groups(prediction, rows)
            for prediction, rows in zip(self.predictions, self.scored, strict=True)
        ]

    def _of_groups(self, prediction: Array, rows: Array) -> Array:
        import numpy as np

        out = np.full(self.quality.shape, np.nan)
        for place in np.unique(self.places[self.places >= 0]):
            inside = rows & (self.places == place)
            out[inside] = _fitted(prediction, self.quality, inside, self.group)[inside]
        return out


def scores(group: Group) -> Scores:
    """The predictions of a group as arrays."""
    import numpy as np

    table, frames = group.table, group.repetitions()
    return Scores(
        group,
        table["quality"].to_numpy(dtype=float),
        table["content"].to_numpy(dtype=str),
        places(group),
        np.stack([_aligned(frame, table) for frame in frames]),
        np.stack([table["image"].isin(frame["image"]).to_numpy() for frame in frames]),
    )


def _aligned(frame: pd.DataFrame, table: pd.DataFrame) -> Array:
    found = frame.set_index("image")["prediction"].reindex(table["image"])
    return found.to_numpy(dtype=float)


def _fitted(prediction: Array, quality: Array, rows: Array, group: Group) -> Array:
    import numpy as np

    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    out = np.full(quality.shape, np.nan)
    x, y = prediction[rows], quality[rows]
    if group.mapping == "none":
        if group.in_labels_unit:
            out[rows] = x - y
        return out
    try:
        mapped = fitted(x, y, group.mapping)(x)
    except LogisticFitError:
        return out
    rises = mapped[x.argmax()] > mapped[x.argmin()]
    out[rows] = (mapped if rises else y.mean()) - y
    return out
