"""What an evaluation of saliency providers comes to: means and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iqabench.stats import bootstrap
from iqabench.stats.saliency import METRICS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 0


def summary(pictures: pd.DataFrame) -> pd.DataFrame:
    """One row per provider, from one per provider and picture.

    Args:
        pictures: as :func:`iqabench.engine.saliency.evaluate` returns it.

    Returns:
        ``provider``; ``pictures`` with a map and fixations, ``failed`` ones without a map,
        ``fixations``; and of each metric ``_mean`` over pictures, ``_low`` and ``_high``: a 95%
        percentile bootstrap interval that draws contents. A picture of which a metric is not
        defined is left out of that metric.
    """
    import pandas as pd

    rows = []
    for provider, group in pictures.groupby("provider", sort=False):
        row = {
            "provider": provider,
            "pictures": int((group["fixations"] > 0).sum()),
            "failed": int(group["error"].notna().sum()),
            "fixations": int(group["fixations"].sum()),
        }
        for metric in METRICS:
            mean, low, high = _mean(group[metric].to_numpy(), group["content"].to_numpy())
            row |= {f"{metric}_mean": mean, f"{metric}_low": low, f"{metric}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _mean(values: NDArray[np.float64], contents: NDArray[np.object_]) -> tuple[float, float, float]:
    import numpy as np

    known = np.isfinite(values)
    if not known.any():
        return np.nan, np.nan, np.nan
    values = values[known]
    counts, column = bootstrap.content_counts(contents[known], RESAMPLES, SEED)
    sums = counts @ np.bincount(column, values)
    means = sums / (counts @ np.bincount(column))
    return float(values.mean()), *bootstrap.interval(means)
