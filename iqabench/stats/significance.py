"""The tests of whether one of two models is better: what each is called, assumes and lacks.

Here too is what they share: their result, how results of several repetitions are combined, and the
correction for many pairs. The tests themselves are in :mod:`iqabench.stats.by_content` (the
default), :mod:`iqabench.stats.correlated`, :mod:`iqabench.stats.variances` and
:mod:`iqabench.stats.residuals`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from iqabench.stats.logistic import FloatArray

ALPHA = 0.05
"""Two-sided level of every verdict."""


class Result(NamedTuple):
    """A test statistic and its two-sided p, one for each sample; nan where not defined."""

    statistic: FloatArray
    p: FloatArray


@dataclass(frozen=True)
class Procedure:
    """A test as users see it.

    Attributes:
        title: what a sentence calls it.
        assumes: under what it holds its level.
        fault: why its p is not to be trusted; empty for the tests that know of contents.
    """

    title: str
    assumes: str
    fault: str = ""


_CLUSTERS = (
    "where images share contents they err together, and it finds differences where there are none"
)
_SAME_IMAGES = (
    "both models see the same images, so that it misses what is there; where images share contents "
    "it also finds what is not"
)
_NORMAL_IMAGES = "images are independent; labels and both predictions are jointly normal"
_RANKED_IMAGES = "images are independent; up to monotone maps they are as if jointly normal"

PROCEDURES: Mapping[str, Procedure] = {
    "content-t": Procedure(
        "content-level t test",
        "contents are independent; their differences of mean squared error are about normal",
    ),
    "sign-flip": Procedure(
        "content-level sign-flip test",
        "contents are independent; each difference could as well have had the other sign",
    ),
    "williams": Procedure("Williams' t of PLCC", _NORMAL_IMAGES, _CLUSTERS),
    "steiger": Procedure("Steiger's Z of PLCC", _NORMAL_IMAGES, _CLUSTERS),
    "steiger-srocc": Procedure("Steiger's Z of SROCC", _RANKED_IMAGES, _CLUSTERS),
    "meng": Procedure("Meng's Z of PLCC", _NORMAL_IMAGES, _CLUSTERS),
    "meng-srocc": Procedure("Meng's Z of SROCC", _RANKED_IMAGES, _CLUSTERS),
    "fisher": Procedure(
        "Fisher's z of PLCC",
        "as Williams' t, and the models were tested on different images",
        _SAME_IMAGES,
    ),
    "fisher-srocc": Procedure(
        "Fisher's z of SROCC",
        "as Steiger's Z, and the models were tested on different images",
        _SAME_IMAGES,
    ),
    "pitman-morgan": Procedure(
        "Pitman-Morgan test of fitted residuals",
        "images are independent; residuals of both models are jointly normal",
        _CLUSTERS,
    ),
    "f": Procedure(
        "F test of fitted residuals",
        "images are independent; residuals are normal, and those of two models independent",
        _SAME_IMAGES,
    ),
    "paper": Procedure(
        "the BioSIQNet paper's procedure",
        "pooled residuals of all runs are independent; those of different models too",
        "signed residuals show bias, not accuracy; runs are pooled as if they were new images; "
        "different models are not paired; images of one content err together",
    ),
}
"""Every test by the name that ``iqabench compare --test`` knows."""

DEFAULT = "content-t"
SIGNIFICANCE_TESTS = tuple(PROCEDURES)
"""Names of the tests, the default first."""


def holm(p: npt.ArrayLike) -> FloatArray:
    """p adjusted for their number by Holm's step-down rule (Scand. J. Statist. 6, 1979).

    The chance of any false discovery in the family is then at most the level that adjusted values
    are compared with, however the tests depend on each other.

    Args:
        p: (m,) p of a family of tests; nan, a test that could not be made, is no member.

    Returns:
        (m,) adjusted p in [0, 1], nan where p is.
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values)[: int(np.isfinite(values).sum())]
    steps = values[order] * np.arange(order.size, 0, -1)
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def over_repetitions(p: npt.ArrayLike) -> float:
    """One p from those of repetitions, whose images overlap in ways nobody models.

    With p(k) the k-th smallest of K, ``min(1, K / k p(k))`` is a valid p under any dependence
    (Rueger, Metrika 25, 1978). k is that of the median, the upper one of two, so that a single
    repetition keeps its p, and half of the repetitions cannot decide against the other half.

    Args:
        p: (K,) p of repetitions; nan, one without a defined test, is left out.

    Returns:
        p; nan where none is defined.
    """
    values = np.asarray(p, dtype=np.float64)
    values = np.sort(values[np.isfinite(values)])
    if not values.size:
        return np.nan
    middle = values.size // 2
    return float(min(1.0, values[middle] * values.size / (middle + 1)))


def ratio(difference: FloatArray, error: FloatArray) -> FloatArray:
    """A difference in units of its standard error; 0 where there is none, whatever the error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / error)
