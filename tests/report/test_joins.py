"""Predictions of all repetitions meet their labels, whoever wrote them and in whichever order."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from iqabench.report.joins import JOB_FAILED, repetitions

TABLE = pd.DataFrame({"image": list("abcdef"), "quality": np.arange(6.0)})
PREDICTION = {name: 10.0 + place for place, name in enumerate("abcdef")}


class Jobs:
    """A store that holds some tables of predictions, and counts how often each is read."""

    def __init__(self, **tables):
        self.tables, self.read = tables, []

    def ended(self, job):
        return SimpleNamespace(done=self.tables[job] is not None)

    def prediction_table(self, job):
        self.read.append(job)
        return self.tables[job]


def scored(images, texts, notes=False):
    columns = {
        "image": pa.array(list(images), texts),
        "prediction": pa.array([PREDICTION[name] for name in images]),
        "error": pa.array([None] * len(images), texts),
    }
    if notes:
        columns["notes"] = pa.array(["one"] * len(images), texts)
    return pa.table(columns)


def of(*jobs, direction="higher"):
    return [SimpleNamespace(predict=job, direction=direction) for job in jobs]


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_what_two_releases_of_pandas_wrote_is_joined(direction):
    store = Jobs(
        old=scored("bda", pa.string()), new=scored("abcdef", pa.large_string(), notes=True)
    )
    parts = [np.array([0, 1, 3]), np.array([2, 4])]
    first, second = repetitions(store, TABLE, of("old", "new", direction=direction), parts)
    sign = 1 if direction == "higher" else -1
    for frame, names in ((first, "abd"), (second, "ce")):
        assert list(frame["image"]) == list(names) and list(frame.index) == list(range(len(names)))
        assert list(sign * frame["prediction"]) == [PREDICTION[name] for name in names]
        assert frame["error"].isna().all()


def test_pictures_without_a_score_and_failed_jobs_have_none():
    store = Jobs(some=scored("ac", pa.string()), failed=None)
    parts = [np.array([0, 1, 2]), np.array([3]), np.array([], dtype=np.intp)]
    first, second, empty = repetitions(store, TABLE, of("some", "failed", "some"), parts)
    assert first["prediction"].isna().tolist() == [False, True, False]
    assert first["error"].isna().all()
    assert second["prediction"].isna().all() and second["error"].tolist() == [JOB_FAILED]
    assert len(empty) == 0


def test_a_job_that_all_repetitions_share_is_read_once():
    store = Jobs(all=scored("abcdef", pa.string()))
    found = repetitions(
        store, TABLE, of(*["all"] * 50), [np.array([place % 6]) for place in range(50)]
    )
    assert store.read == ["all"]
    assert [frame["prediction"].item() for frame in found] == [10.0 + n % 6 for n in range(50)]
