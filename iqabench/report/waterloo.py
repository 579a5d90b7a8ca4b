"""The Waterloo tests of stored predictions: D, L and P of every model on a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import UsageError
from iqabench.report.evaluations import Group, groups, mean_defined, where_tested, with_predictions
from iqabench.report.tables import proxy_note
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd


def waterloo(
    store: Store,
    unordered: Callable[[str], Sequence[str]],
    margin: float,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
) -> pd.DataFrame:
    """One row per model configuration and test set: means of D, L and P over its repetitions.

    Args:
        store: results.
        unordered: a function from a test set's name to its distortions whose levels do not order
            severity; the L-test leaves them out.
        margin: the labels of a pair of the P-test differ by more than this share of the range of
            the set's labels.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out contents that a model has seen.

    Returns:
        ``model``, ``train``, ``test``, ``protocol``, ``labels``, ``repetitions``, ``d``, ``l``,
        ``p``; the numbers ``pristine``, ``distorted``, ``lists`` and ``pairs``, summed over
        repetitions; ``margin`` in the labels' unit; ``config``.

    Raises:
        UsageError: nothing was tested.
    """
    import pandas as pd

    found = groups(store, only, exclude_shared)
    if not found:
        raise UsageError(f"no model in {store.root} was tested", "`iqabench run` makes results")
    rows = [_row(group, unordered(group.record.test), margin) for group in found]
    order = ["test", "protocol", "train", "model"]
    return pd.DataFrame(rows).sort_values(order, ignore_index=True)


def _row(group: Group, unordered: Sequence[str], share: float) -> dict[str, Any]:
    quality = group.table["quality"]
    margin = share * float(quality.max() - quality.min())
    repetitions = list(zip(group.repetitions(), group.references(), strict=True))
    each = [_repetition(frame, pristine, unordered, margin) for frame, pristine in repetitions]
    return {
        "model": group.name,
        **where_tested(group),
        "labels": group.record.labels,
        "repetitions": len(each),
        **{test: mean_defined(row[test] for row in each) for test in ("d", "l", "p")},
        **{
            size: sum(row[size] for row in each)
            for size in ("pristine", "distorted", "lists", "pairs")
        },
        "margin": margin,
        "config": group.record.config,
    }


def _repetition(
    frame: pd.DataFrame, pristine: pd.DataFrame, unordered: Sequence[str], margin: float
) -> dict[str, Any]:
    from iqabench.stats import waterloo as stats

    scored = with_predictions(frame)
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


def notes(frame: pd.DataFrame) -> list[str]:
    """The necessary footnotes of a table of the Waterloo tests."""
    found = [
        *(
            f"P on {test}: pairs whose labels differ by more than {margin:.3g}; the paper takes "
            "those that three full-reference measures agree on"
            for test, margin in dict(zip(frame["test"], frame["margin"], strict=True)).items()
        ),
        *proxy_note(frame),
    ]
    if (frame["pristine"] == 0).any():
        found.append("no D where no pristine picture was scored")
    if frame[["l", "p"]].isna().any(axis=None):
        found.append("-: no scored pictures that the test could order")
    return found
