"""Models beside the raters' own scatter: outliers, the human ceiling, and pairs people tell apart.

Only pictures count whose set says how far their raters disagreed and how many they were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.breakdown import with_mapped
from iqabench.report.evaluations import Group, mean_defined, tested_on
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from iqabench.stats.ceiling import Ceiling

COLUMNS = ("srocc_ceiling", "srocc_share", "outlier_ratio", "rmse_star")
"""What a leaderboard shows of it."""
RESAMPLES = 500
_PAIRED = ("auc_ds", "auc_bw", "c0")
_NEEDED = ("mos_std", "raters")


def columns(group: Group) -> dict[str, float]:
    """:data:`COLUMNS` of a group, each the mean over repetitions; nan without raters' numbers."""
    if not _has_raters(group):
        return dict.fromkeys(COLUMNS, math.nan)
    found = _agreement(_rated(group))
    return {name: found[name] for name in COLUMNS}


def raters(store: Store, dataset: str, models: Sequence[str], z: float) -> pd.DataFrame:
    """One row per model configuration tested on a data set.

    Args:
        store: results.
        dataset: the test set.
        models: labels; all that were tested on the set where empty.
        z: standard errors of a pair's difference above which people tell it apart.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``repetitions``; ``srocc`` and ``plcc`` (raw),
        each with ``_ceiling``, ``_share`` of it and ``_panel``, which another panel of raters would
        reach; ``reliability``, ``outlier_ratio``, ``rmse_star``; ``auc_ds``, ``auc_bw`` and ``c0``,
        each with ``_low`` and ``_high``, the 95% interval over contents; ``different`` and
        ``similar`` pairs and rated ``pictures``, over all repetitions; ``config``.

    Raises:
        UsageError: nothing was tested on the set, not that model, or raters' numbers are
            missing.
    """
    import pandas as pd

    found = [group for group in tested_on(store, dataset, models) if _has_raters(group)]
    if not found:
        raise UsageError(
            f"{dataset} does not say how its raters disagreed",
            f"columns {' and '.join(_NEEDED)} are needed; docs/datasets.md tells how to name them",
        )
    rows = [_row(group, z) for group in found]
    return pd.DataFrame(rows).sort_values(
        ["protocol", "srocc"], ascending=[True, False], ignore_index=True, na_position="last"
    )


def _row(group: Group, z: float) -> dict[str, Any]:
    frames = _rated(group)
    return {
        "model": group.keys["label"],
        **{key: group.keys[key] for key in ("train", "test", "protocol")},
        "repetitions": len(frames),
        **_agreement(frames),
        **_pairs(frames, z),
        "pictures": sum(map(len, frames)),
        "config": group.keys["config"],
    }


def _has_raters(group: Group) -> bool:
    return set(_NEEDED) <= set(group.table)


def _rated(group: Group) -> list[pd.DataFrame]:
    """The scored and rated pictures of each repetition, with ``mapped`` and ``error`` of the label.

    The curve is fitted to all scored pictures of the repetition.
    """
    from iqabench.stats.raters import standard_error

    frames = []
    for frame in group.repetitions():
        scored = with_mapped(frame[frame["prediction"].notna()])
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
    """The ceiling of float64 labels and errors, simulated once for all models tested on them."""
    import numpy as np

    from iqabench.stats.ceiling import ceiling

    return ceiling(np.frombuffer(quality), np.frombuffer(error))


def _pairs(frames: list[pd.DataFrame], z: float) -> dict[str, float]:
    """Means over repetitions, with intervals of one draw of contents for all of them."""
    import numpy as np

    from iqabench.stats.bootstrap import content_counts, interval
    from iqabench.stats.pairs import judged, krasula, pairs_of

    names = sorted({content for frame in frames for content in frame["content"]})
    each, samples = [], []
    counts = content_counts(names, RESAMPLES, seed=0)[0] if names else None
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
    """(R,) means over the repetitions that define a figure in a resample."""
    import numpy as np

    values = np.ma.masked_invalid([sample[:, place] for sample in samples])
    return np.asarray(values.mean(axis=0).filled(math.nan)) if samples else np.array([math.nan])


def _arrays(frame: pd.DataFrame, *names: str) -> list[NDArray[Any]]:
    return [frame[name].to_numpy(dtype=float) for name in names]
