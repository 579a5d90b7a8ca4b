"""How well predictions agree with labels: SROCC, PLCC, KROCC and RMSE, raw and mapped.

Correlations lie in [-1, 1] and keep their sign: a score that falls as quality rises correlates
negatively, and turning it round is the caller's decision. They are nan where they are not defined:
fewer than 3 samples, or a sample whose values are all exactly equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import centred, scaled_to_one
from iqabench.stats.logistic import FloatArray, LogisticFitError, finite_pair
from iqabench.stats.mapping import DEFAULT, MAPPINGS, Curve, Mapping, fitted

MIN_SAMPLES = 3
"""Below this a correlation is nan: two points always lie on a line."""


@dataclass(frozen=True)
class Agreement:
    """All agreement statistics of one set of predictions.

    Attributes:
        srocc: Spearman's rank correlation, [-1, 1].
        plcc: Pearson's correlation of the raw predictions, [-1, 1].
        plcc_mapped: Pearson's correlation after the logistic mapping. The fitted curve may fall,
            so this is positive for reversed predictions too: see ``mapping_rises``.
        krocc: Kendall's tau-b, [-1, 1].
        rmse: root mean squared error of the raw predictions, in the label's unit. It means
            something only where the model predicts in that unit.
        rmse_mapped: the same after the mapping, in the label's unit for every model.
        n: number of samples.
        mapping: the curve behind the mapped values, one of ``MAPPINGS``.
        mapping_rises: whether the curve is higher at the highest prediction than at the lowest;
            None without a curve or with a flat one.
        mapping_failure: why mapped values are nan: no curve (both are), or a flat one (plcc_mapped
            is); else None.
    """

    srocc: float
    plcc: float
    plcc_mapped: float
    krocc: float
    rmse: float
    rmse_mapped: float
    n: int
    mapping: Mapping
    mapping_rises: bool | None = None
    mapping_failure: str | None = None


def agreement(
    prediction: npt.ArrayLike,
    quality: npt.ArrayLike,
    *,
    mapping: Mapping = DEFAULT,
    curve: Curve | None = None,
) -> Agreement:
    """Every agreement statistic between (n,) predictions and (n,) labels.

    The mapping is fitted on these very samples, as the literature does it. ``curve`` is this fit if
    the caller has made it before.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths; or an unknown mapping.
    """
    prediction, quality = finite_pair(prediction, quality, ("prediction", "quality"))
    if mapping not in MAPPINGS:
        raise ValueError(f"mapping must be one of {', '.join(MAPPINGS)}, not {mapping!r}")
    plcc_mapped, rmse_mapped = np.nan, np.nan
    rises, failure = None, None
    try:
        mapped = (curve or fitted(prediction, quality, mapping))(prediction)
    except LogisticFitError as error:
        failure = str(error)
    else:
        plcc_mapped, rmse_mapped = plcc(mapped, quality), rmse(mapped, quality)
        rises = bool(mapped[prediction.argmax()] > mapped[prediction.argmin()])
        if np.isnan(plcc_mapped):
            rises, failure = None, "the fitted curve is flat: it correlates with nothing"
    return Agreement(
        srocc=srocc(prediction, quality),
        plcc=plcc(prediction, quality),
        plcc_mapped=plcc_mapped,
        krocc=krocc(prediction, quality),
        rmse=rmse(prediction, quality),
        rmse_mapped=rmse_mapped,
        n=prediction.size,
        mapping=mapping,
        mapping_rises=rises,
        mapping_failure=failure,
    )


def srocc(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Spearman's rank correlation (1904): Pearson's correlation of mid-ranks, in [-1, 1].

    x and y are (n,). nan for fewer than 3 samples or a constant one.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths.
    """
    x, y = finite_pair(x, y)
    return _pearson(_mid_ranks(x), _mid_ranks(y))


def plcc(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Pearson's linear correlation, in [-1, 1], of the values as they are (no mapping).

    x and y are (n,). nan for fewer than 3 samples or a constant one.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths.
    """
    return _pearson(*finite_pair(x, y))


def krocc(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Kendall's tau-b, in [-1, 1]: tied pairs count neither way (Kendall, Biometrika 33, 1945).

    x and y are (n,). nan for fewer than 3 samples or a constant one.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths.
    """
    x, y = finite_pair(x, y)
    if _undefined(x, y):
        return np.nan
    from scipy.stats import kendalltau  # here, since importing it takes most of a second

    # The exact p-value, the default for small n, is work that nobody reads.
    return float(kendalltau(x, y, method="asymptotic").statistic)


def rmse(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
    """Root mean squared difference, >= 0, with divisor n, in the common unit of x and y.

    x and y are (n,). Constant and tiny samples have an RMSE; only the empty one gives nan. It
    means nothing where x and y have different units: map predictions first.

    Raises:
        ValueError: NaN, infinity, wrong shapes or different lengths.
    """
    x, y = finite_pair(x, y)
    if not x.size:
        return np.nan
    with np.errstate(over="ignore"):  # of values near the end of the floats: infinite
        away, exponent = scaled_to_one(x - y)
        return float(np.ldexp(np.sqrt(np.mean(away**2)), exponent))


def _pearson(x: FloatArray, y: FloatArray) -> float:
    if _undefined(x, y):
        return np.nan
    x, y = centred(x), centred(y)
    return float(np.clip((x @ y) / np.sqrt((x @ x) * (y @ y)), -1, 1))


def _undefined(x: FloatArray, y: FloatArray) -> bool:
    # Exact equality: a constant sample's computed variance is often a rounding error, not zero.
    return x.size < MIN_SAMPLES or bool((x == x[0]).all() or (y == y[0]).all())


def _mid_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1; equal values share the mean of theirs."""
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(size) - (size - 1) / 2)[group], dtype=np.float64)
