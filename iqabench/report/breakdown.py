"""Agreement within each distortion, level or band of quality of a test set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import Group, groups, mean_defined
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("srocc", "plcc", "rmse_mapped")
BAND = "band"
BANDS = 4
"""Quarters of a test set's pictures by quality, 1 the worst; equal labels share a band."""


def breakdown(store: Store, by: str, exclude_shared: bool = False) -> pd.DataFrame:
    """One row per model configuration, test set and distortion, level or band of quality.

    Correlations are those of raw predictions within the part; the logistic behind ``rmse_mapped``
    is fitted to the whole repetition, since four parameters would fit a few pictures to nothing.
    Each is the mean over the repetitions that define it, nan where none does.

    Args:
        store: results.
        by: ``distortion`` or ``level``, where test sets without that column are left out; or
            ``band``, the quarters of each test set by quality.
        exclude_shared: leaves contents out that a model has seen.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``labels``, ``by``'s column, ``srocc``,
        ``plcc``, ``rmse_mapped``, ``n`` (pictures scored, over all repetitions), ``config``.

    Raises:
        UsageError: no test set has the column.
    """
    import pandas as pd

    found = groups(store, None, exclude_shared)
    lines = [row for group in found if by in (*group.table, BAND) for row in rows(group, by)]
    if not lines:
        raise UsageError(
            f"no test set in {store.root} has a column '{by}'",
            "`iqabench datasets show NAME` lists a set's columns",
        )
    order = ["test", "protocol", by, "srocc"]
    return pd.DataFrame(lines).sort_values(
        order, ascending=[True, True, True, False], ignore_index=True, na_position="last"
    )


def rows(group: Group, by: str) -> list[dict[str, Any]]:
    """The rows of one group; arguments as of `breakdown`."""
    parts = _parts(group.table, by)
    frames = [with_mapped(frame[frame["prediction"].notna()]) for frame in group.repetitions()]
    shared = {key: group.keys[key] for key in ("train", "test", "protocol", "labels")}
    found = []
    for part in sorted(set(parts.dropna())):
        inside = [frame[frame["image"].map(parts) == part] for frame in frames]
        each = [_agreement(frame) for frame in inside]
        found.append(
            {
                "model": group.keys["label"],
                **shared,
                by: part,
                **{metric: mean_defined(one[metric] for one in each) for metric in METRICS},
                "n": sum(len(frame) for frame in inside),
                "config": group.keys["config"],
            }
        )
    return found


def _parts(table: pd.DataFrame, by: str) -> pd.Series:
    """The part that each picture, by name, is in."""
    import numpy as np

    labels = table.set_index("image")
    if by != BAND:
        return labels[by]
    quality = labels["quality"]
    limits = quality.quantile([number / BANDS for number in range(1, BANDS)])
    return quality.map(lambda value: 1 + int(np.searchsorted(limits, value)))


def with_mapped(frame: pd.DataFrame) -> pd.DataFrame:
    """A frame of scored pictures and ``mapped``, their predictions on the logistic fitted to them.

    NaN where none can be fitted.
    """
    from iqabench.stats.logistic import LogisticFitError, fit_logistic

    prediction = frame["prediction"].to_numpy()
    try:
        mapped = fit_logistic(prediction, frame["quality"].to_numpy())(prediction)
    except LogisticFitError:
        return frame.assign(mapped=math.nan)
    return frame.assign(mapped=mapped)


def _agreement(frame: pd.DataFrame) -> dict[str, float]:
    from iqabench.stats.agreement import plcc, rmse, srocc

    prediction, quality = frame["prediction"].to_numpy(), frame["quality"].to_numpy()
    mapped = frame.dropna(subset="mapped")
    return {
        "srocc": srocc(prediction, quality),
        "plcc": plcc(prediction, quality),
        "rmse_mapped": rmse(mapped["mapped"].to_numpy(), mapped["quality"].to_numpy()),
    }
