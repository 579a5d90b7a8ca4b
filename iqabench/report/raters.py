"""Compares models with the scatter of the raters: outliers, the human ceiling, pairs of pictures.

A picture counts only if its set gives the raters' standard deviation and number for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.breakdown import with_mapped
from iqabench.report.evaluations import Group, groups, mean_defined, where_tested, with_predictions
from iqabench.report.tables import Row, number_text, records, share_text, with_interval
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iqabench.stats.ceiling import Ceiling

COLUMNS = ("srocc_ceiling", "srocc_share", "outlier_ratio", "rmse_star")
"""The columns of a leaderboard that come from this module."""
RESAMPLES = 500
_PAIRED = ("auc_ds", "auc_bw", "c0")
_NEEDED = ("mos_std", "raters")


def columns(group: Group) -> dict[str, float]:
    """:data:`COLUMNS` of a group, each the mean over repetitions; nan if the set lacks the
    columns ``mos_std`` and ``raters``, and beside means over groups of pictures: these are of all.
    """
    if group.within or not _has_raters(group):
        return dict.fromkeys(COLUMNS, math.nan)
    found = _agreement(_rated(group))
    return {name: found[name] for name in COLUMNS}


def raters(
    store: Store, z: float, only: Iterable[str] | None = None, exclude_shared: bool = False
) -> pd.DataFrame:
    """One row per model configuration and test set with the columns ``mos_std`` and ``raters``.

    Args:
        store: results.
        z: people tell two pictures apart if the labels differ by more than z standard errors of
            the difference.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``repetitions``; ``srocc`` and ``plcc`` (raw),
        each also with ``_ceiling``, with ``_share`` (its share of the ceiling) and with ``_panel``
        (the correlation that another panel of raters would reach); ``reliability``,
        ``outlier_ratio``, ``rmse_star``; ``auc_ds``, ``auc_bw`` and ``c0``, each also with ``_low``
        and ``_high``, the 95% interval over contents; the numbers of ``different`` and ``similar``
        pairs and of rated ``pictures``, summed over repetitions; ``config``.

    Raises:
        UsageError: no test set has the columns ``mos_std`` and ``raters``.
    """
    import pandas as pd

    tested = groups(store, only, exclude_shared)
    found = [group for group in tested if _has_raters(group)]
    if not found:
        sets = ", ".join(dict.fromkeys(group.record.test for group in tested)) or "no test set"
        raise UsageError(
            f"{sets} does not say how its raters disagreed",
            f"columns {' and '.join(_NEEDED)} are needed; docs/datasets.md tells how to name them",
        )
    rows = [_row(group, z) for group in found]
    return pd.DataFrame(rows).sort_values(
        ["test", "protocol", "srocc"],
        ascending=[True, True, False],
        ignore_index=True,
        na_position="last",
    )


def _row(group: Group, z: float) -> dict[str, Any]:
    frames = _rated(group)
    return {
        "model": group.name,
        **where_tested(group),
        "repetitions": len(frames),
        **_agreement(frames),
        **_pairs(frames, z),
        "pictures": sum(map(len, frames)),
        "config": group.record.config,
    }


def _has_raters(group: Group) -> bool:
    return set(_NEEDED) <= set(group.table)


def _rated(group: Group) -> list[pd.DataFrame]:
    """One frame per repetition: its scored and rated pictures.

    ``mapped`` is the prediction on the labels' scale, by a curve fitted to all scored pictures of
    the repetition. ``error`` is the standard error of the label.
    """
    from iqabench.stats.raters import standard_error

    frames = []
    for frame in group.repetitions():
        scored = with_mapped(with_predictions(frame), group)
        rated = scored.dropna(subset=list(_NEEDED))
        error = standard_error(rated["mos_std"].to_numpy(float), rated["raters"].to_numpy(float))
        frames.append(rated.assign(error=error))
    return frames


def _agreement(frames: list[pd.DataFrame]) -> dict[str, float]:
    each = [_of_repetition(frame) for frame in frames if len(frame)] or [_of_nothing()]
    means = {name: mean_defined(one[name] for one in each) for name in each[0]}
    found: dict[str, float] = {}
    for metric in ("srocc", "plcc"):
        ceiling = means[f"{metric}_ceiling"]
        found |= {
            metric: means[metric],
            f"{metric}_ceiling": ceiling,
            f"{metric}_share": means[metric] / ceiling,
            f"{metric}_panel": means[f"{metric}_panel"],
        }
    rest = ("reliability", "outlier_ratio", "rmse_star")
    return {**found, **{name: means[name] for name in rest}}


def _of_repetition(frame: pd.DataFrame) -> dict[str, float]:
    from iqabench.stats.agreement import plcc, srocc
    from iqabench.stats.raters import outlier_ratio, rmse_star

    prediction, quality, error = _arrays(frame, "prediction", "quality", "error")
    mapped = frame.dropna(subset="mapped")
    curve, label, band = _arrays(mapped, "mapped", "quality", "error")
    limit = _ceiling(quality.tobytes(), error.tobytes())
    return {
        "srocc": srocc(prediction, quality),
        "plcc": plcc(prediction, quality),
        "srocc_ceiling": limit.srocc,
        "plcc_ceiling": limit.plcc,
        "srocc_panel": limit.panel_srocc,
        "plcc_panel": limit.panel_plcc,
        "reliability": limit.reliability,
        "outlier_ratio": outlier_ratio(curve, label, band),
        "rmse_star": rmse_star(curve, label, band),
    }


def _of_nothing() -> dict[str, float]:
    names = ("srocc", "plcc", "srocc_ceiling", "plcc_ceiling", "srocc_panel", "plcc_panel")
    return dict.fromkeys((*names, "reliability", "outlier_ratio", "rmse_star"), math.nan)


@lru_cache(maxsize=256)
def _ceiling(quality: bytes, error: bytes) -> Ceiling:
    """The ceiling for labels and their errors, both as bytes of float64 arrays.

    It is cached, so that it is simulated once for all models tested on the same pictures.
    """
    import numpy as np

    from iqabench.stats.ceiling import ceiling

    return ceiling(np.frombuffer(quality), np.frombuffer(error))


def _pairs(frames: list[pd.DataFrame], z: float) -> dict[str, float]:
    """Figures of pairs: means over repetitions, and intervals.

    A resample draws contents once and uses the same draw in all repetitions.
    """
    import numpy as np

    from iqabench.stats.bootstrap import content_counts, interval
    from iqabench.stats.pairs import judged, krasula, pairs_of

    names = sorted({content for frame in frames for content in frame["content"]})
    each, samples = [], []
    counts = content_counts(names, RESAMPLES, seed=0)[0] if len(names) > 1 else None
    for frame in frames:
        prediction, quality, error = _arrays(frame, "prediction", "quality", "error")
        each.append(krasula(prediction, quality, error, z))
        if counts is not None and len(frame):
            drawn = counts[:, np.searchsorted(names, frame["content"].to_numpy(dtype=str))]
            samples.append(judged(pairs_of(prediction, quality, error, z), drawn))
    found: dict[str, float] = {}
    for place, name in enumerate(_PAIRED):
        drawn_means = _row_means(samples, place)
        found[name] = mean_defined(getattr(one, name) for one in each)
        found[f"{name}_low"], found[f"{name}_high"] = interval(drawn_means)
    for kind in ("different", "similar"):
        found[kind] = sum(getattr(one, kind) for one in each)
    return found


def _row_means(samples: list[NDArray[Any]], place: int) -> NDArray[Any]:
    """(R,) a figure's mean in each resample, over the repetitions in which it is defined."""
    import numpy as np

    values = np.ma.masked_invalid([sample[:, place] for sample in samples])
    return np.asarray(values.mean(axis=0).filled(math.nan)) if samples else np.array([math.nan])


def _arrays(frame: pd.DataFrame, *names: str) -> list[NDArray[Any]]:
    return [frame[name].to_numpy(dtype=float) for name in names]


def short(frame: pd.DataFrame) -> list[Row]:
    """The rows of a table of models and raters, with the columns that fit a screen."""
    rows = []
    for row in records(frame):
        correlations = {metric.upper(): _of_ceiling(row, metric) for metric in ("srocc", "plcc")}
        pairs = {
            name: with_interval(row[key], row[f"{key}_low"], row[f"{key}_high"])
            for name, key in (("AUC DS", "auc_ds"), ("AUC BW", "auc_bw"), ("C0", "c0"))
        }
        rows.append(
            {
                **{key: row[key] for key in ("model", "train", "test")},
                **correlations,
                "panel": number_text(row["srocc_panel"]),
                "outliers": share_text(row["outlier_ratio"]),
                "RMSE*": number_text(row["rmse_star"]),
                **pairs,
            }
        )
    return rows


def _of_ceiling(row: Row, metric: str) -> str:
    value, ceiling = row[metric], number_text(row[f"{metric}_ceiling"])
    if value != value:
        return number_text(value)
    return f"{number_text(value)} of {ceiling} ({share_text(row[f'{metric}_share'])})"


def notes(z: float) -> list[str]:
    """The necessary footnotes of a table of models and raters."""
    return [
        "of: what a perfect model would reach, given the raters' scatter; panel: the SROCC of "
        "another panel of as many",
        f"pairs differ for people above {z:g} standard errors; AUC DS: different or similar, AUC "
        "BW and C0: which is better",
        "-: too few scored or rated pictures, all equal, or no pairs of the kind; one content has "
        "no interval",
    ]
