"""Joins stored predictions with the labels of the pictures that were tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iqabench.store import Store
from iqabench.store.records import EvaluationRecord

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

JOB_FAILED = "the job failed"
"""What stands for the error of each picture of a failed job."""


def repetitions(
    store: Store,
    table: pd.DataFrame,
    records: Sequence[EvaluationRecord],
    parts: Sequence[NDArray[np.intp]],
) -> list[pd.DataFrame]:
    """One frame per repetition: the labels of its part, then prediction, error and notes.

    Args:
        store: where the predictions are.
        table: the labels of the test set.
        records: the repetitions, whose scores all have one direction; at least one.
        parts: for each repetition the rows of its test part in the table.
    """
    import numpy as np
    import pandas as pd

    # As one join: thousands of repetitions of few pictures each take a tenth of the time.
    jobs = [record.predict for record in records]
    predicted = _predicted(store, jobs, table["image"], parts)
    if records[0].direction == "lower":
        predicted["prediction"] = -predicted["prediction"]
    labels = table.take(np.concatenate(parts)).reset_index(drop=True)
    joined = pd.concat([labels, predicted], axis=1)
    ends = np.cumsum([len(rows) for rows in parts])
    return [
        joined.iloc[end - len(rows) : end].set_axis(pd.RangeIndex(len(rows)))
        for rows, end in zip(parts, ends, strict=True)
    ]


def pristine(store: Store, labels: pd.DataFrame, record: EvaluationRecord) -> pd.DataFrame:
    """Image and prediction of the tested contents' pristine pictures, if any was scored.

    Args:
        store: where the predictions are.
        labels: the labels of the repetition's test part.
        record: the repetition.
    """
    table = _scores(store, record.predict)
    if table is None or "reference" not in labels:
        return labels.assign(prediction=math.nan)[["image", "prediction"]][:0]
    scores: pd.DataFrame = table.select(["image", "prediction"]).to_pandas()
    if record.direction == "lower":
        scores["prediction"] = -scores["prediction"]
    known = scores["image"].isin(labels["reference"]) & scores["prediction"].notna()
    return scores[known]


def _scores(store: Store, job: str) -> pa.Table | None:
    """A job's stored predictions; None if it has not succeeded."""
    ended = store.ended(job)
    return store.prediction_table(job) if ended is not None and ended.done else None


def _predicted(
    store: Store, jobs: Sequence[str], images: pd.Series[str], parts: Sequence[NDArray[np.intp]]
) -> pd.DataFrame:
    """The columns that jobs' predictions add, for the images at the rows of each part in turn."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    # Models that are not fitted have one job for all repetitions.
    read = {job: _scores(store, job) for job in dict.fromkeys(jobs)}
    tables = {job: table for job, table in read.items() if table is not None}
    if not tables:
        columns = {"prediction": math.nan, "error": JOB_FAILED}
        return pd.DataFrame(columns, index=pd.RangeIndex(sum(map(len, parts))))
    # Permissive: releases of pandas write texts as other types.
    scored = pa.concat_tables(tables.values(), promote_options="permissive").to_pandas()
    known, wanted = scored.pop("image").to_numpy(dtype=object), images.to_numpy(dtype=object)
    ends = np.cumsum([len(one) for one in tables.values()])
    rows = {job: slice(end - len(tables[job]), end) for job, end in zip(tables, ends, strict=True)}
    places = []
    for job, part in zip(jobs, parts, strict=True):
        own = rows.get(job, slice(0, 0))
        found = _found(known[own], wanted[part])
        places.append(np.where(found < 0, -1, found + own.start))
    made: pd.DataFrame = scored.reindex(np.concatenate(places)).reset_index(drop=True)
    if len(tables) < len(read):
        failed = np.repeat([job not in tables for job in jobs], [len(part) for part in parts])
        made["error"] = made["error"].mask(failed, JOB_FAILED)
    return made


def _found(names: NDArray[np.object_], wanted: NDArray[np.object_]) -> NDArray[np.intp]:
    """The place of each wanted name; -1 where it is not among the names."""
    import numpy as np
    import pandas as pd

    if np.array_equal(names[: len(wanted)], wanted):  # so a job writes them
        return np.arange(len(wanted))
    return pd.Index(names).get_indexer(pd.Index(wanted))
