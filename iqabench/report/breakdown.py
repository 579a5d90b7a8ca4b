"""Agreement within each distortion, level or band of quality of a test set."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import Group, groups, mean_defined, where_tested, with_predictions
from iqabench.report.tables import proxy_note
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from iqabench.stats.mapping import Mapping

METRICS = ("srocc", "plcc", "rmse_mapped")
BAND = "band"
BANDS = 4
"""Number of bands: quarters of a test set's pictures by quality. Band 1 is the worst; pictures with
equal labels are in the same band."""


def breakdown(
    store: Store,
    by: str,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    mapping: Mapping = "logistic4",
) -> pd.DataFrame:
    """One row per model configuration, test set and distortion, level or band of quality.

    SROCC and PLCC are computed from the raw predictions of the pictures in that part. The
    curve of ``rmse_mapped`` is fitted to all pictures of a repetition, because a curve with four
    parameters would fit a few pictures almost without error. Each number is the mean over the
    repetitions in which it is defined; nan if it is defined in none.

    Args:
        store: results.
        by: ``distortion`` or ``level``, which leave out test sets without that column; or
            ``band``, the quarters of each test set by quality.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.
        mapping: the mapping behind ``rmse_mapped``.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``labels``, the column named by ``by``,
        ``srocc``, ``plcc``, ``rmse_mapped``, ``n`` (scored pictures), ``tested`` (pictures to be
        scored; both are summed over repetitions), ``config``.

    Raises:
        UsageError: no test set has the column.
    """
    import pandas as pd

    found = groups(store, only, exclude_shared, mapping)
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
    """The rows of one group; ``by`` as for `breakdown`."""
    parts = _parts(group.table, by)
    tested = group.repetitions()
    frames = [with_mapped(with_predictions(frame), group) for frame in tested]
    found = []
    for part in sorted(set(parts.dropna())):
        inside = [frame[frame["image"].map(parts) == part] for frame in frames]
        each = [_agreement(frame) for frame in inside]
        found.append(
            {
                "model": group.name,
                **where_tested(group),
                "labels": group.record.labels,
                by: part,
                **{metric: mean_defined(one[metric] for one in each) for metric in METRICS},
                "n": sum(len(frame) for frame in inside),
                "tested": sum(int((frame["image"].map(parts) == part).sum()) for frame in tested),
                "config": group.record.config,
            }
        )
    return found


def _parts(table: pd.DataFrame, by: str) -> pd.Series:
    """Name of a picture -> its distortion, level or band."""
    import numpy as np

    labels = table.set_index("image")
    if by != BAND:
        return labels[by]
    quality = labels["quality"]
    limits = quality.quantile([number / BANDS for number in range(1, BANDS)])
    return quality.map(lambda value: 1 + int(np.searchsorted(limits, value)))


def with_mapped(frame: pd.DataFrame, group: Group) -> pd.DataFrame:
    """The frame with a column ``mapped``: predictions mapped to the labels as the group says.

    ``mapped`` is NaN if no curve can be fitted, and without a mapping if predictions are not in the
    labels' unit. All predictions in the frame must be numbers.
    """
    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import fitted

    prediction = frame["prediction"].to_numpy()
    if group.mapping == "none" and not group.in_labels_unit:
        return frame.assign(mapped=math.nan)
    try:
        mapped = fitted(prediction, frame["quality"].to_numpy(), group.mapping)(prediction)
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


def notes(frame: pd.DataFrame) -> list[str]:
    """The necessary footnotes of a table of agreement by distortion, level or band."""
    found = ["-: too few pictures, or all equal", *proxy_note(frame)]
    if (frame["n"] < frame["tested"]).any():
        found.append("n below tested: numbers of the scored pictures alone, no rank among others")
    return found
