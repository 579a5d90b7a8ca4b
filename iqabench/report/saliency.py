"""The summary of an evaluation of saliency providers: means and their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iqabench.kit.fixations import TRUTH_SIGMA
from iqabench.report.tables import FEW_CONTENTS, FEW_NOTE, Row, interval_text, records
from iqabench.stats import bootstrap
from iqabench.stats.saliency import METRICS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 0


def summary(pictures: pd.DataFrame) -> pd.DataFrame:
    """One row per provider, from a frame with one row per provider and picture.

    Args:
        pictures: the frame that :func:`iqabench.saliency.evaluation.evaluate` returns.

    Returns:
        ``provider``; ``pictures``, the number with a map and fixations; ``failed``, the number
        without a map; ``fixations``, their number; and for each metric ``_mean`` over pictures,
        ``_low`` and ``_high``: a 95% percentile bootstrap interval that draws contents. A metric
        leaves out the pictures for which it is not defined.
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
    if len(set(contents[known])) == 1:  # which says nothing about how much contents vary
        return float(values.mean()), np.nan, np.nan
    counts, column = bootstrap.content_counts(contents[known], RESAMPLES, SEED)
    sums = counts @ np.bincount(column, values)
    means = sums / (counts @ np.bincount(column))
    return float(values.mean()), *bootstrap.interval(means)


def short(frame: pd.DataFrame) -> list[Row]:
    """The summary for a screen: a row per metric and a column per provider."""
    rows = {title: {"metric": f"{title} [95%]"} for title in METRICS.values()}
    counts = {"metric": "pictures"}
    for row in records(frame):
        counts[row["provider"]] = str(row["pictures"])
        for metric, title in METRICS.items():
            rows[title][row["provider"]] = interval_text(row, metric)
    return [counts, *rows.values()]


def notes(pictures: pd.DataFrame) -> list[str]:
    """The necessary footnotes of a table of saliency providers."""
    found = [
        "higher is better, but for KLD (nats); IG: bits per fixation over where people look in "
        "other pictures",
        "CC, SIM, KLD: against the fixations blurred by "
        f"{TRUTH_SIGMA:.0%} of the picture's shorter side",
    ]
    if pictures["content"].nunique() < FEW_CONTENTS:
        found.append(FEW_NOTE)
    if pictures["content"].nunique() == 1:
        found.append("-: one content has no interval")
    if pictures[list(METRICS)].isna().all().any():
        found.append("-: no picture has what the metric needs: a map and fixations")
    failed = pictures[pictures["error"].notna()]
    if len(failed):
        first = failed.iloc[0]
        found.append(
            f"{failed['image'].nunique()} pictures have no map, first {first['image']} "
            f"({first['provider']}): {first['error']}"
        )
    return found
