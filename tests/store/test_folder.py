import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iqabench.contract import StoreError
from iqabench.store import Store
from iqabench.store.folder import default_root, write_array, write_atomically, write_json

JOB = "0123456789abcdef"


@pytest.fixture
def ready(store):
    kept = Store(store)
    kept.prepare()
    return kept


def finished(kept, fingerprint=JOB, status="done", **more):
    with kept.writing(fingerprint) as folder:
        for name, text in more.items():
            (folder / name).write_text(text)
        return kept.finish(fingerprint, {"status": status, "fields": {"kind": "fit"}})


def test_opening_writes_nothing(store):
    kept = Store(store)
    assert kept.job(JOB) is None
    assert list(kept.jobs()) == []
    assert kept.evaluations() == []
    assert not store.exists()


def test_preparing_twice_is_preparing_once(store):
    Store(store).prepare()
    before = sorted(store.rglob("*"))
    Store(store).prepare()
    assert sorted(store.rglob("*")) == before
    assert all(path.is_dir() for path in before)


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_store_that_cannot_be_written_is_refused(tmp_path, place):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="cannot write the store") as error:
        Store(tmp_path / place).prepare()
    assert str(tmp_path / place) in error.value.message
    assert "--store" in error.value.hint
    assert "$IQABENCH_STORE" in error.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_refused(ready):
    ready.root.chmod(0o500)
    try:
        with pytest.raises(StoreError):
            ready.prepare()
    finally:
        ready.root.chmod(0o700)


def test_a_job_is_seen_when_it_is_finished_and_not_before(ready):
    with ready.writing(JOB) as folder:
        (folder / "log.txt").write_text("half")
        assert ready.job(JOB) is None
        assert list(ready.jobs()) == []
        ready.finish(JOB, {"status": "done"})
    job = ready.job(JOB)
    assert (job.fingerprint, job.done) == (JOB, True)
    assert (job.folder / "log.txt").read_text() == "half"
    assert [known.fingerprint for known in ready.jobs()] == [JOB]
    assert not list(ready.root.glob("jobs/*.partial"))


def test_what_an_interrupted_job_left_is_found_again(ready):
    with pytest.raises(KeyboardInterrupt), ready.writing(JOB) as folder:
        (folder / "checkpoint").write_text("epoch 3")
        raise KeyboardInterrupt
    assert ready.job(JOB) is None
    with ready.writing(JOB) as folder:
        assert (folder / "checkpoint").read_text() == "epoch 3"


def test_a_failed_job_is_replaced_whole(ready):
    assert not finished(ready, status="failed", traceback="boom").done
    assert not ready.job(JOB).done
    finished(ready, weights="new")
    assert ready.job(JOB).done
    assert sorted(path.name for path in ready.job(JOB).folder.iterdir()) == ["job.json", "weights"]


def test_jobs_come_by_fingerprint(ready):
    for fingerprint in ("bb", "aa", "cc"):
        finished(ready, fingerprint)
    assert [job.fingerprint for job in ready.jobs()] == ["aa", "bb", "cc"]


def test_a_damaged_record_is_refused_by_name(ready):
    finished(ready)
    (ready.root / "jobs" / JOB / "job.json").write_text('{"status": ')
    with pytest.raises(StoreError) as error:
        ready.job(JOB)
    assert "job.json" in error.value.message
    assert error.value.hint


def test_predictions_tables_and_splits_come_back_as_they_were(ready):
    frame = pd.DataFrame({"image": ["a"], "prediction": [0.1 + 0.2], "error": [None]})
    with ready.writing(JOB) as folder:
        frame.to_parquet(folder / "predictions.parquet", index=False)
        ready.finish(JOB, {"status": "done"})
    assert ready.predictions(JOB)["prediction"][0] == 0.1 + 0.2
    table = pd.DataFrame({"image": ["a", "b"], "mos": [1.5, 2.5]})
    ready.save_table("set", "hash", table)
    pd.testing.assert_frame_equal(ready.table("set", "hash"), table)
    split = {"dataset": "set", "train": ["é"], "validation": [], "test": ["b"]}
    ready.save_split("hash", split)
    assert ready.split("hash") == split


def test_evaluations_carry_their_identity(ready):
    ready.save_evaluation("two", {"seed": 1})
    ready.save_evaluation("one", {"seed": 0})
    ready.save_evaluation("one", {"seed": 0})
    assert ready.evaluations() == [{"id": "one", "seed": 0}, {"id": "two", "seed": 1}]


def test_saving_what_is_there_does_not_write(ready):
    ready.save_split("hash", {"train": []})
    ready.save_evaluation("one", {"seed": 0})
    times = {path: path.stat().st_mtime_ns for path in ready.root.rglob("*.json")}
    ready.save_split("hash", {"train": []})
    ready.save_evaluation("one", {"seed": 0})
    assert {path: path.stat().st_mtime_ns for path in ready.root.rglob("*.json")} == times


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"b": 1, "a": "é"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "é", "b": 1}

    def fail(part):
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "é", "b": 1}
    assert [child.name for child in tmp_path.iterdir()] == ["a.json"]


def test_a_stress_study_replaces_the_one_before(tmp_path):
    store = Store(tmp_path / "store")
    assert list(store.stresses()) == []
    store.prepare()
    for record in ({"changes": [1]}, {"changes": [1, 2]}):
        store.save_stress("one", record)
    store.save_stress("two", {"changes": []})
    assert list(store.stresses()) == [{"changes": [1, 2]}, {"changes": []}]


def test_arrays_make_their_folder(tmp_path):
    path = tmp_path / "a" / "b" / "c.npy"
    write_array(path, np.arange(6, dtype=np.float16).reshape(2, 3))
    np.testing.assert_array_equal(np.load(path), [[0, 1, 2], [3, 4, 5]])
    with pytest.raises(ValueError, match="allow_pickle"):
        write_array(path, np.array([object()]))
    assert [child.name for child in path.parent.iterdir()] == ["c.npy"]


def test_the_default_place(monkeypatch):
    assert default_root() == Path("iqabench-results")
    monkeypatch.setenv("IQABENCH_STORE", "/somewhere")
    assert default_root() == Path("/somewhere")
