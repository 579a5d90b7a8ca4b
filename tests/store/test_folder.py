import json
import os
from pathlib import Path

import pandas as pd
import pytest
from stored import THREE_FOLD, evaluation, fit_identity, job_record, keep, run_record

from iqabench.contract import StoreError
from iqabench.store import Store
from iqabench.store.files import write_atomically, write_json
from iqabench.store.folder import default_root
from iqabench.store.records import SplitRecord, StressChange, StressRecord
from iqabench.store.sealed import sealed

FIT = job_record("net", fit_identity("net"))
JOB = FIT.identity.fingerprint
RUN = run_record(JOB, datasets="set")


@pytest.fixture
def ready(store):
    kept = Store(store)
    kept.prepare()
    return kept


def finished(kept, record=FIT, **files):
    with kept.writing(record.identity.fingerprint) as folder:
        for name, text in files.items():
            (folder / name).write_text(text)
        return kept.finish(record)


SPLIT = SplitRecord(dataset="set", train=("é",), validation=(), test=("b",))


def study(*changes, config="c" * 16):
    return StressRecord(
        label="net",
        direction="higher",
        labels="human",
        protocol=THREE_FOLD,
        config=config,
        train="set",
        test="set",
        test_hash="hash",
        changes=[StressChange(name=name, immaterial=True, predict=(JOB,)) for name in changes],
    )


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
    assert [path.name for path in before if not path.is_dir()] == ["store.json"]


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
        ready.finish(FIT)
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
    failed = FIT.model_copy(update={"status": "failed", "error": "boom"})
    assert not finished(ready, failed, traceback="boom").done
    assert not ready.job(JOB).done
    finished(ready, weights="new")
    assert ready.job(JOB).done
    assert ready.job(JOB).record.error == ""
    assert sorted(path.name for path in ready.job(JOB).folder.iterdir()) == ["job.json", "weights"]


def test_jobs_come_by_fingerprint(ready):
    records = [job_record(name) for name in ("first", "second", "third")]
    found = {finished(ready, record).fingerprint: record.title for record in records}
    assert [job.fingerprint for job in ready.jobs()] == sorted(found)
    assert [job.record.title for job in ready.jobs()] == [found[name] for name in sorted(found)]


def test_a_damaged_record_counts_as_absent_and_is_named_once(ready):
    finished(ready)
    path = ready.root / "jobs" / JOB / "job.json"
    whole = path.read_text()
    wrong_shape = sealed({"status": "done"}).decode()
    for text, problem in (
        ('{"status": ', "its content does not fit its checksum"),
        (whole.replace('"done"', '"gone"'), "its content does not fit its checksum"),
        (wrong_shape, "identity: Field required"),
        ("", "its content does not fit its checksum"),
    ):
        path.write_text(text)
        told = []
        store = Store(ready.root, told.append)
        assert store.job(JOB) is None
        assert list(store.jobs()) == []
        assert told == [
            f"{path} is damaged: {problem}: it is left out; the next run makes it again"
        ]


def test_other_damaged_records_are_named_too_and_written_again(ready):
    ready.save_evaluation(evaluation())
    ready.save_split(SPLIT)
    ready.save_run(RUN)
    for folder, read, save in (
        ("evaluations", Store.evaluations, lambda store: store.save_evaluation(evaluation())),
        ("splits", lambda store: store.split(SPLIT.digest), lambda store: store.save_split(SPLIT)),
        ("runs", lambda store: list(store.runs()), lambda store: store.save_run(RUN)),
    ):
        (path,) = (ready.root / folder).iterdir()
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'"set"', b'"net"'))
        told = []
        store = Store(ready.root, told.append)
        assert not read(store)
        assert told[0].startswith(f"{path} is damaged: ")
        save(store)
        assert path.read_bytes() == whole


def test_predictions_tables_and_splits_come_back_as_they_were(ready):
    frame = pd.DataFrame({"image": ["a"], "prediction": [0.1 + 0.2], "error": [None]})
    assert ready.predictions(keep(ready, job_record("net"), frame))["prediction"][0] == 0.1 + 0.2
    table = pd.DataFrame({"image": ["a", "b"], "mos": [1.5, 2.5]})
    ready.save_table("set", "hash", table)
    pd.testing.assert_frame_equal(ready.table("set", "hash"), table)
    ready.save_split(SPLIT)
    assert ready.split(SPLIT.digest) == SPLIT
    assert ready.split("hash") is None


def test_evaluations_come_by_their_ids(ready):
    records = [evaluation(seed=seed) for seed in range(4)]
    for record in [*records, records[0]]:
        ready.save_evaluation(record)
    assert ready.evaluations() == sorted(records, key=lambda record: record.id)
    names = [path.stem for path in (ready.root / "evaluations").iterdir()]
    assert sorted(names) == [record.id for record in ready.evaluations()]


def test_an_evaluation_of_which_more_is_known_replaces_the_one_before(ready):
    ready.save_evaluation(evaluation())
    known = evaluation(shared=("c00",), seen=("other",), recipe="own")
    ready.save_evaluation(known)
    assert ready.evaluations() == [known]


def test_saving_what_is_there_does_not_write(ready):
    ready.save_split(SPLIT)
    ready.save_evaluation(evaluation())
    ready.save_run(RUN)
    times = {path: path.stat().st_mtime_ns for path in ready.root.rglob("*.json")}
    ready.save_split(SPLIT)
    ready.save_evaluation(evaluation())
    ready.save_run(RUN.model_copy(update={"began": "2027-01-01"}))  # the first time counts
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
    first, again = study("as it is"), study("as it is", "of another seed")
    other = study("as it is", config="d" * 16)
    for record in (first, again, other):
        store.save_stress(record)
    assert list(store.stresses()) == sorted([again, other], key=lambda record: record.id)


def test_the_default_place(monkeypatch):
    assert default_root() == Path("iqabench-results")
    monkeypatch.setenv("IQABENCH_STORE", "/somewhere")
    assert default_root() == Path("/somewhere")
