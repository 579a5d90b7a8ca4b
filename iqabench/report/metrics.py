"""A group's metrics: their summaries over repetitions, with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iqabench.report import group_parts
from iqabench.report.evaluations import Group
from iqabench.report.resampled import Resampled, arrays, means_of
from iqabench.store.records import NONE

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

METRICS = ("srocc", "plcc", "plcc_mapped", "krocc", "rmse", "rmse_mapped")
SUMMARIES = ("median", "mean", "sd", "low", "high")


@dataclass(frozen=True)
class _Part:
    """The pictures of one repetition in one group, raw and mapped, and their statistics."""

    raw: tuple[Any, Any, Any]
    mapped: tuple[Any, Any, Any] | None
    """None if no curve could be fitted."""
    rising: tuple[Any, Any, Any] | None
    """The mapped predictions, negated if the fitted curve falls, so that PLCC keeps its sign."""
    values: Mapping[str, float]


def statistics(group: Group, scored: Sequence[pd.DataFrame], ranked: Resampled) -> dict[str, float]:
    """Every metric's summaries over repetitions, and its bootstrap interval.

    A metric of a repetition is that of all its pictures, or the mean over the group's parts. RMSE
    without a mapping is given only for predictions in the units of the test set's labels.

    Args:
        group: the group.
        scored: its repetitions that have scored pictures, with these pictures.
        ranked: their SROCC in resamples.
    """
    import numpy as np

    from iqabench.stats import bootstrap, weighted
    from iqabench.stats.by_group import group_means

    if not scored:
        return {f"{metric}_{summary}": math.nan for metric in METRICS for summary in SUMMARIES}
    table = [_repetition(frame, group) for frame in scored]
    size = len(ranked.samples)
    raw, mapped, rising = (_columns(table, name) for name in ("raw", "mapped", "rising"))
    means: dict[str, Callable[[], NDArray[Any]]] = {
        "srocc": lambda: bootstrap.mean_of_drawn(group_means(ranked.samples)),
        "plcc": lambda: means_of(raw, size, weighted.weighted_plcc),
        "plcc_mapped": lambda: means_of(_known(rising), size, weighted.weighted_plcc),
        "krocc": lambda: means_of(raw, size, weighted.weighted_krocc),
        "rmse": lambda: means_of(raw, size, weighted.weighted_rmse),
        "rmse_mapped": lambda: means_of(_known(mapped), size, weighted.weighted_rmse),
    }
    in_units = {"rmse", "rmse_mapped"} if group.mapping == "none" else {"rmse"}
    absent = set() if group.in_labels_unit else in_units
    found: dict[str, float] = {}
    for metric in METRICS:
        cells = [
            [math.nan if part is None else part.values[metric] for part in row] for row in table
        ]
        each = group_means(cells)
        usable = bool(np.isfinite(each).any()) and metric not in absent
        low, high = math.nan, math.nan
        if usable:
            low, high = bootstrap.interval(means[metric]())
        each = each[np.isfinite(each)] if usable else np.array([math.nan])
        sd = float(each.std(ddof=1)) if len(each) > 1 else math.nan
        summary = (float(np.median(each)), float(each.mean()), sd, low, high)
        found |= {f"{metric}_{name}": value for name, value in zip(SUMMARIES, summary, strict=True)}
    return found


def _columns(table: list[list[_Part | None]], name: str) -> list[list[Any]]:
    """A field of every part; None for groups that are left out."""
    return [[None if part is None else getattr(part, name) for part in row] for row in table]


def _known(table: list[list[Any]]) -> list[list[Any]]:
    """The repetitions for which a curve could be fitted."""
    return [row for row in table if any(cell is not None for cell in row)]


def corrected_error(group: Group, srocc: NDArray[Any]) -> float:
    """Standard error of the mean SROCC over random splits, corrected for their overlap.

    nan under other protocols, and for models that are not trained.

    Args:
        group: the group.
        srocc: (K, G) values of its repetitions.
    """
    import numpy as np

    from iqabench.stats.by_group import group_means
    from iqabench.stats.splits import corrected_error

    if group.record.protocol.kind != "hold-out" or group.record.train == NONE or not len(srocc):
        return math.nan
    each = group_means(srocc)
    test = len(group.record.contents or ())
    return corrected_error(each[np.isfinite(each)], group.table["content"].nunique() - test, test)


def _repetition(scored: pd.DataFrame, group: Group) -> list[_Part | None]:
    """The parts of a repetition; None for groups that are left out.

    The curve is fitted to all scored pictures, because it would follow the few of a part.
    """
    from iqabench.stats.logistic import LogisticFitError
    from iqabench.stats.mapping import Curve, fitted

    prediction = scored["prediction"].to_numpy()
    curve: Curve | None = None
    try:
        curve = fitted(prediction, scored["quality"].to_numpy(), group.mapping)
    except LogisticFitError:
        sign = 1.0
    else:
        mapped = curve(prediction)
        sign = 1.0 if mapped[prediction.argmax()] > mapped[prediction.argmin()] else -1.0
    found = group_parts.parts(group, scored)
    return [_part(part, group, curve, sign) if len(part) else None for part in found]


def _part(frame: pd.DataFrame, group: Group, curve: Any, sign: float) -> _Part:
    from iqabench.stats.agreement import agreement

    prediction, quality, content = raw = arrays(frame, "prediction")
    if curve is None:
        # Without a mapping nothing is fitted to the part.
        found = vars(agreement(prediction, quality, mapping="none"))
        return _Part(raw, None, None, {**found, "plcc_mapped": math.nan, "rmse_mapped": math.nan})
    mapped = curve(prediction)
    found = vars(agreement(prediction, quality, mapping=group.mapping, curve=curve))
    values = {**found, "plcc_mapped": sign * found["plcc_mapped"]}
    return _Part(raw, (mapped, quality, content), (sign * mapped, quality, content), values)
