"""A merge copies what is missing, keeps equal jobs once and names those in conflict."""

import shutil

import pandas as pd
import pytest
from stored import HASH, evaluation, job_record, keep, predict_identity, run_record

from iqabench.contract import StoreError, UsageError
from iqabench.store import Store
from iqabench.store.files import write_json
from iqabench.store.merging import Merged, merge


def quiet(done, total, what):
    pass


def filled(root, **scores):
    """A store in which each model scores one picture."""
    store = Store(root)
    store.prepare()
    for label, score in scores.items():
        failed = score is None
        record = job_record(label, status="failed" if failed else "done", began=str(root))
        table = pd.DataFrame({"image": ["x"], "prediction": [score]})
        job = keep(store, record, None if failed else table)
        store.save_evaluation(evaluation(label=label, predict=job))
    store.save_table("set", HASH, pd.DataFrame({"image": ["x"], "quality": [1.0]}))
    return store


def score(store, label):
    return store.predictions(predict_identity(label).fingerprint)["prediction"].item()


def files(root):
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_what_is_missing_is_copied_and_the_other_store_stays(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", one=1.0, two=2.0)
    before = files(other.root)
    assert merge(into, other, quiet) == Merged(jobs=1, equal=1, conflicts=(), evaluations=1)
    assert (score(into, "one"), score(into, "two")) == (1.0, 2.0)
    assert {one.label for one in into.evaluations()} == {"one", "two"}
    job = into.job(predict_identity("two").fingerprint)
    assert {file.name for file in job.record.files} == {
        path.name for path in job.folder.iterdir()
    } - {"job.json"}
    assert files(other.root) == before
    assert merge(into, other, quiet) == Merged(jobs=0, equal=2, conflicts=(), evaluations=0)


def test_runs_come_along_and_those_in_both_stores_keep_their_date(tmp_path):
    into, other = filled(tmp_path / "a"), filled(tmp_path / "b")
    both, theirs = run_record("1" * 16), run_record("2" * 16, seeds=3)
    into.save_run(both)
    for one in (both.model_copy(update={"began": "2027-01-01"}), theirs):
        other.save_run(one)
    merge(into, other, quiet)
    assert sorted(into.runs(), key=lambda one: one.jobs) == [both, theirs]
    (other.root / "runs" / f"{theirs.id}.json").write_bytes(b"{}")
    with pytest.raises(StoreError, match="is damaged"):
        merge(into, other, quiet)


def test_a_store_of_an_earlier_release_has_no_runs(tmp_path):
    into, other = filled(tmp_path / "a"), filled(tmp_path / "b", one=1.0)
    (other.root / "runs").rmdir()
    assert merge(into, other, quiet).jobs == 1
    assert list(other.runs()) == []


def test_into_no_store_yet(tmp_path):
    other = filled(tmp_path / "b", one=1.0)
    into = Store(tmp_path / "new")
    assert merge(into, other, quiet).jobs == 1
    assert into.table("set", HASH)["quality"].item() == 1.0


def test_a_conflict_is_named_and_the_own_result_kept(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", one=1.5, two=2.0)
    found = merge(into, other, quiet)
    name = predict_identity("one").fingerprint[:8]
    assert found == Merged(jobs=1, equal=0, conflicts=(f"{name} (predict one)",), evaluations=1)
    assert score(into, "one") == 1.0


def test_a_job_that_succeeded_replaces_one_that_failed_and_never_the_other_way(tmp_path):
    into, other = (
        filled(tmp_path / "a", one=None, two=2.0),
        filled(tmp_path / "b", one=1.0, two=None),
    )
    assert merge(into, other, quiet) == Merged(jobs=1, equal=1, conflicts=(), evaluations=0)
    assert (score(into, "one"), score(into, "two")) == (1.0, 2.0)


def test_a_finding_of_the_audit_is_taken_where_none_was_known(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", one=1.0)
    (record,) = other.evaluations()
    other.save_evaluation(record.model_copy(update={"shared": ("c",)}))
    assert merge(into, other, quiet).evaluations == 0
    assert [one.shared for one in into.evaluations()] == [("c",)]


def test_a_finding_replaces_what_is_pending_and_never_the_other_way(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", one=1.0)
    (record,) = other.evaluations()
    into.save_evaluation(record.model_copy(update={"pending": True}))
    other.save_evaluation(record.model_copy(update={"shared": ()}))
    for _ in range(2):
        merge(into, other, quiet)
        assert [(one.shared, one.pending) for one in into.evaluations()] == [((), False)]
        other.save_evaluation(record.model_copy(update={"pending": True}))


def test_other_formats_no_store_and_itself_are_refused_before_anything_is_written(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", two=2.0)
    before = files(into.root)
    with pytest.raises(UsageError, match="is this store itself"):
        merge(into, Store(tmp_path / "b" / ".." / "a"), quiet)
    with pytest.raises(UsageError, match="no store at"):
        merge(into, Store(tmp_path / "nowhere"), quiet)
    write_json(other.root / "store.json", {"format": 1})
    with pytest.raises(StoreError, match="has format 1, and this release reads 3"):
        merge(into, Store(other.root), quiet)
    assert files(into.root) == before


def test_a_damaged_job_is_refused_before_anything_is_written(tmp_path):
    into, other = filled(tmp_path / "a", one=1.0), filled(tmp_path / "b", two=2.0, three=3.0)
    folder = other.job(predict_identity("two").fingerprint).folder
    (folder / "predictions.parquet").write_bytes(b"PAR1")
    before = files(into.root)
    with pytest.raises(StoreError, match=r"is damaged: predictions\.parquet"):
        merge(into, other, quiet)
    assert files(into.root) == before


def test_what_an_interrupted_merge_left_is_no_job(tmp_path, monkeypatch):
    into, other = filled(tmp_path / "a"), filled(tmp_path / "b", one=1.0, two=2.0)
    real, copied = shutil.copyfile, []

    def stop(source, place):
        copied.append(place)
        if len(copied) == 2:
            raise OSError(28, "No space left on device")
        return real(source, place)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfile", stop)
        with pytest.raises(StoreError, match="No space left"):
            merge(into, other, quiet)
    assert (list(into.jobs()), into.evaluations()) == ([], [])
    assert merge(into, other, quiet) == Merged(jobs=2, equal=0, conflicts=(), evaluations=2)
