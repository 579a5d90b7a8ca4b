"""The human ceiling: the highest correlation that the noise of the labels allows.

The model: a picture's published score is a true score plus normal noise whose standard deviation is
the score's standard error, independent between pictures. True scores are not known; the published
ones, which noise has spread, are drawn together towards their mean until, with noise, they spread
as published. That keeps their distribution's shape, and makes PLCC's ceiling the square root of the
reliability, as in classical test theory (Spearman, 1904; Lord and Novick, 1968). Raters' shared
leanings are no noise here, nor is the end of the scale, against which real scores crowd.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from iqabench.stats.agreement import MIN_SAMPLES, plcc, srocc
from iqabench.stats.logistic import finite_pair

DRAWS = 200


@dataclass(frozen=True)
class Ceiling:
    """Expected correlations under the module's model; all nan where labels are nothing but noise.

    Attributes:
        srocc, plcc: of the true scores with a panel's: what a perfect model reaches.
        panel_srocc, panel_plcc: of two panels of the same size: what other people reach.
        reliability: share of the labels' variance that is not noise, (0, 1].
    """

    srocc: float
    plcc: float
    panel_srocc: float
    panel_plcc: float
    reliability: float


def ceiling(
    quality: npt.ArrayLike, error: npt.ArrayLike, *, draws: int = DRAWS, seed: int = 0
) -> Ceiling:
    """The ceiling by simulation: means over ``draws`` pairs of panels.

    Args:
        quality: (n,) labels.
        error: (n,) their standard errors, in the same unit.
        draws: pairs of panels.
        seed: of the draws.

    Returns:
        The ceiling; nan for fewer than 3 labels, equal labels, or a mean squared error that is not
        below the labels' variance.

    Raises:
        ValueError: NaN, infinity, wrong shapes, different lengths, a negative error or no draws.
    """
    quality, error = finite_pair(quality, error, ("quality", "error"))
    if (error < 0).any():
        raise ValueError("error must not be negative")
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    reliability = _reliability(quality, error)
    if not reliability > 0:
        return Ceiling(*[np.nan] * 5)
    truth = quality.mean() + np.sqrt(reliability) * (quality - quality.mean())
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        first, second = truth + error * random.standard_normal((2, truth.size))
        found.append(
            (srocc(truth, first), plcc(truth, first), srocc(first, second), plcc(first, second))
        )
    means: list[float] = np.mean(found, axis=0).tolist()
    return Ceiling(*[*means, reliability])


def _reliability(quality: npt.NDArray[np.float64], error: npt.NDArray[np.float64]) -> float:
    if quality.size < MIN_SAMPLES or (quality == quality[0]).all():
        return np.nan
    return float(1 - np.mean(error**2) / quality.var(ddof=1))
