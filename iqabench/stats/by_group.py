"""The mean of a statistic over groups of pictures, such as the distortions or subsets of a set."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.centring import FloatArray


def group_means(values: npt.ArrayLike) -> FloatArray:
    """(..., G) values of G groups -> (...) their unweighted means.

    Groups whose value is nan are left out; nan where all are.
    """
    table = np.asarray(values, dtype=np.float64)
    known = np.isfinite(table)
    total = known.sum(axis=-1)
    mean = np.where(known, table, 0.0).sum(axis=-1) / np.maximum(total, 1)
    return np.where(total > 0, mean, np.nan)
