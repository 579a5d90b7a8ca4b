"""Agreement within each distortion, or each level, of a test set."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import Group, groups, mean_defined
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("srocc", "plcc", "rmse_mapped")


def breakdown(store: Store, by: str, exclude_shared: bool = False) -> pd.DataFrame:
    """One row per model configuration, test set and distortion or level.

    Correlations are those of raw predictions within the part; the logistic behind ``rmse_mapped``
    is fitted to the whole repetition, since four parameters would fit a few pictures to nothing.
    Each is the mean over the repetitions that define it, nan where none does.

    Args:
        store: results.
        by: ``distortion`` or ``level``; test sets without that column are left out.
        exclude_shared: leaves contents out that a model has seen.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``labels``, ``by``'s column, ``srocc``,
        ``plcc``, ``rmse_mapped``, ``n`` (pictures scored, over all repetitions), ``config``.

    Raises:
        UsageError: no test set has the column.
    """
    import pandas as pd

    found = groups(store, None, exclude_shared)
    rows = [row for group in found if by in group.table for row in _rows(group, by)]
    if not rows:
        raise UsageError(
            f"no test set in {store.root} has a column '{by}'",
            "`iqabench datasets show NAME` lists a set's columns",
        )
    order = ["test", "protocol", by, "srocc"]
    return pd.DataFrame(rows).sort_values(
        order, ascending=[True, True, True, False], ignore_index=True, na_position="last"
    )


def _rows(group: Group, by: str) -> list[dict[str, Any]]:
    frames = [_with_mapped(frame[frame["prediction"].notna()]) for frame in group.repetitions()]
    shared = {key: group.keys[key] for key in ("train", "test", "protocol", "labels")}
    rows = []
    for part in sorted(set(group.table[by].dropna())):
        inside = [frame[frame[by] == part] for frame in frames]
        each = [_agreement(frame) for frame in inside]
        rows.append(
            {
                "model": group.keys["label"],
                **shared,
                by: part,
                **{metric: mean_defined(one[metric] for one in each) for metric in METRICS},
                "n": sum(len(frame) for frame in inside),
                "config": group.keys["config"],
            }
        )
    return rows


def _with_mapped(frame: pd.DataFrame) -> pd.DataFrame:
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
