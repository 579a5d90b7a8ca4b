"""The table of all stored predictions: one row per picture, with its label."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from iqabench.contract.progress import Tick
from iqabench.report.evaluations import Group, groups, where_tested
from iqabench.store import Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "model",
    "train",
    "test",
    "protocol",
    "seed",
    "fold",
    "image",
    "content",
    "distortion",
    "level",
    "quality",
    "prediction",
    "error",
    "config",
)
"""Names of the columns, in order."""


def predictions(
    store: Store,
    only: Iterable[str] | None = None,
    exclude_shared: bool = False,
    tick: Tick = lambda done, total, what: None,
) -> pd.DataFrame:
    """One row per picture of each repetition's test part.

    Args:
        store: results.
        only: IDs of evaluations; None takes all.
        exclude_shared: whether to leave out pictures of contents that a model has seen.
        tick: shows progress.

    Returns:
        The columns :data:`COLUMNS`. ``prediction`` is higher for better pictures, as in all
        statistics: scores are negated if lower is better. ``error`` is the reason if a picture has
        no prediction.
    """
    import pandas as pd

    found = groups(store, only, exclude_shared)
    frames = []
    for done, group in enumerate(found, 1):
        frames += _frames(group)
        tick(done, len(found), "models")
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))


def _frames(group: Group) -> list[pd.DataFrame]:
    import pandas as pd

    made = []
    for record, frame in zip(group.evaluations, group.repetitions(), strict=True):
        facts: dict[str, Any] = {
            "model": group.name,
            **where_tested(group),
            "config": record.config,
            "seed": record.seed,
            "fold": pd.array([record.fold] * len(frame), dtype="Int64"),
        }
        made.append(frame.assign(**facts).reindex(columns=list(COLUMNS)))
    return made
