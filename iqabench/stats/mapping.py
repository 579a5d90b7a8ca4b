"""The mapping from predictions to labels before mapped PLCC and RMSE, by the name users give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import FloatArray
from iqabench.stats.logistic import LogisticFitError, finite_pair, fit_logistic

Mapping = Literal["logistic4", "logistic5", "none"]
MAPPINGS: tuple[str, ...] = get_args(Mapping)
DEFAULT: Mapping = "logistic4"
TITLES = {
    "logistic4": "the four-parameter logistic",
    "logistic5": "the five-parameter logistic",
    "none": "no mapping",
}
"""As footnotes call them."""
Curve = Callable[[npt.ArrayLike], FloatArray]


def fitted(x: npt.ArrayLike, y: npt.ArrayLike, mapping: Mapping = DEFAULT) -> Curve:
    """The curve from predictions to labels; with ``none``, predictions as they are.

    Args:
        x: (n,) predictions.
        y: (n,) labels.
        mapping: one of :data:`MAPPINGS`.

    Raises:
        LogisticFitError: there is no curve; see :func:`~iqabench.stats.logistic.fit_logistic`.
        ValueError: wrong shapes, NaN or infinity, or another mapping.
    """
    if mapping not in MAPPINGS:
        raise ValueError(f"mapping must be one of {', '.join(MAPPINGS)}, not {mapping!r}")
    if mapping != "none":
        return fit_logistic(x, y, parameters=4 if mapping == "logistic4" else 5)
    values, _ = finite_pair(x, y)
    if not values.size:
        raise LogisticFitError("0 samples are too few to be mapped")
    return _as_they_are


def _as_they_are(values: npt.ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
