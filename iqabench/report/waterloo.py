"""The Waterloo tests of stored predictions: D, L and P of every model on a data set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from iqabench.report.evaluations import Group, mean_defined, tested_on
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd


def waterloo(
    store: Store,
    dataset: str,
    unordered: Sequence[str],
    models: Sequence[str],
    margin: float,
) -> pd.DataFrame:
    """One row per model configuration: means of D, L and P over its repetitions.

    Args:
        store: results.
        dataset: the test set.
        unordered: distortions whose levels do not order severity; they take no part in L.
        models: labels; all that were tested on the set where empty.
        margin: share of the range of the set's labels.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``labels``, ``repetitions``, ``d``, ``l``,
        ``p``; ``pristine``, ``distorted``, ``lists`` and ``pairs``, over all repetitions;
        ``margin`` in the labels' unit; ``config``.

    Raises:
        UsageError: nothing was tested on the set, or not that model.
    """
    import pandas as pd

    rows = [_row(group, unordered, margin) for group in tested_on(store, dataset, models)]
    return pd.DataFrame(rows).sort_values(["protocol", "train", "model"], ignore_index=True)


def _row(group: Group, unordered: Sequence[str], share: float) -> dict[str, Any]:
    quality = group.table["quality"]
    margin = share * float(quality.max() - quality.min())
    repetitions = list(zip(group.repetitions(), group.references(), strict=True))
    each = [_repetition(frame, pristine, unordered, margin) for frame, pristine in repetitions]
    return {
        "model": group.keys["label"],
        **{key: group.keys[key] for key in ("train", "test", "protocol", "labels")},
        "repetitions": len(each),
        **{test: mean_defined(row[test] for row in each) for test in ("d", "l", "p")},
        **{
            size: sum(row[size] for row in each)
            for size in ("pristine", "distorted", "lists", "pairs")
        },
        "margin": margin,
        "config": group.keys["config"],
    }


def _repetition(
    frame: pd.DataFrame, pristine: pd.DataFrame, unordered: Sequence[str], margin: float
) -> dict[str, Any]:
    from iqabench.stats import waterloo as stats

    scored = frame[frame["prediction"].notna()]
    distorted = scored[~scored["image"].isin(pristine["image"])]
    ranked = stats.ranking_consistency(*_lists(distorted, unordered))
    preferred = stats.preference_consistency(
        scored["prediction"].to_numpy(), scored["quality"].to_numpy(), margin
    )
    return {
        "d": stats.discriminability(
            pristine["prediction"].to_numpy(), distorted["prediction"].to_numpy()
        ),
        "l": ranked.value,
        "p": preferred.value,
        "pristine": len(pristine),
        "distorted": len(distorted),
        "lists": ranked.count,
        "pairs": preferred.count,
    }


def _lists(frame: pd.DataFrame, unordered: Sequence[str]) -> tuple[Any, Any, Any]:
    """Predictions, levels and lists (content x distortion) of the pictures that can be ranked."""
    if not {"distortion", "level"} <= set(frame):
        frame = frame.assign(distortion="", level=0.0)[:0]
    frame = frame[frame["level"].notna() & ~frame["distortion"].isin(unordered)]
    lists = frame.groupby(["content", "distortion"]).ngroup()
    return (
        frame["prediction"].to_numpy(),
        frame["level"].to_numpy(dtype=float),
        lists.to_numpy(dtype=int),
    )
