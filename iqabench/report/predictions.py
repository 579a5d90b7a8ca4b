"""The stored predictions, picture by picture, beside the labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from iqabench.contract.errors import UsageError
from iqabench.data.tables import Tick
from iqabench.report.evaluations import Group, chosen, groups
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
    models: Sequence[str] = (),
    datasets: Sequence[str] = (),
    only: Iterable[str] | None = None,
    tick: Tick = lambda done, total, what: None,
) -> pd.DataFrame:
    """One row per picture of each repetition's test part.

    Args:
        store: results.
        models: labels; all where empty.
        datasets: test sets; all where empty.
        only: identities of evaluations; all where None.
        tick: told of progress.

    Returns:
        :data:`COLUMNS`. ``prediction`` is higher for better pictures, as statistics take it: scores
        of which lower is better are negated. ``error`` says why there is none.

    Raises:
        UsageError: nothing is stored, or not of that model or test set.
    """
    import pandas as pd

    found = _found(store, models, datasets, only)
    frames = []
    for done, group in enumerate(found, 1):
        frames += _frames(group)
        tick(done, len(found), "models")
    return pd.concat(frames, ignore_index=True)


def _found(
    store: Store, models: Sequence[str], datasets: Sequence[str], only: Iterable[str] | None
) -> list[Group]:
    every = groups(store, only)
    if not every:
        raise UsageError(f"no predictions in {store.root}", "`iqabench run` makes some")
    found = chosen(every, models, datasets)
    if not found:
        raise UsageError(
            f"none of {', '.join(models)} was tested on any of {', '.join(datasets)}",
            "`iqabench leaderboard` shows what was",
        )
    return found


def _frames(group: Group) -> list[pd.DataFrame]:
    import pandas as pd

    keys, made = group.keys, []
    for record, frame in zip(group.evaluations, group.repetitions(), strict=True):
        facts = {
            "model": keys["label"],
            **{key: keys[key] for key in ("train", "test", "protocol", "config")},
            "seed": record["seed"],
            "fold": pd.array([record["fold"]] * len(frame), dtype="Int64"),
        }
        made.append(frame.assign(**facts).reindex(columns=list(COLUMNS)))
    return made
