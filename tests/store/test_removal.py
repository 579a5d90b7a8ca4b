"""A removal takes everything that it lists, or nothing."""

import shutil

import pytest
from filelock import FileLock
from stored import evaluation, fit_identity, job_record, keep

from iqabench.contract import StoreError
from iqabench.store import Store, removal


@pytest.fixture
def kept(tmp_path):
    """A store of three jobs and an evaluation of each: the store, their names and IDs."""
    store = Store(tmp_path / "store")
    store.prepare()
    jobs, ids = [], []
    for label in "abc":
        jobs.append(keep(store, job_record(label, fit_identity(label))))
        record = evaluation(label=label, predict=jobs[-1])
        store.save_evaluation(record)
        ids.append(record.id)
    return store, jobs, ids


def left(store):
    """What a fresh reader sees."""
    again = Store(store.root)
    return {job.fingerprint for job in again.jobs()}, {one.id for one in again.evaluations()}


def test_what_is_listed_goes_and_the_rest_stays(kept):
    store, jobs, ids = kept
    removal.remove(store.root, ids[:1], [], jobs[:2])
    assert left(store) == (set(jobs[2:]), set(ids[1:]))
    assert not (store.root / removal.JOURNAL).exists()


@pytest.mark.parametrize("at", [1, 2])
def test_an_interrupted_removal_is_finished_when_the_store_is_next_opened(kept, monkeypatch, at):
    """It stops before or after the first job's folder is gone."""
    store, jobs, ids = kept
    real, calls = shutil.rmtree, []

    def stop(folder, *more, **others):
        calls.append(folder)
        if len(calls) == at:
            raise KeyboardInterrupt
        real(folder, *more, **others)

    with monkeypatch.context() as patched:
        patched.setattr(removal.shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            removal.remove(store.root, ids[:2], [], jobs[:2])
    assert (store.root / removal.JOURNAL).exists()
    assert left(store) == (set(jobs[2:]), set(ids[2:]))
    assert not (store.root / removal.JOURNAL).exists()


def test_what_cannot_be_listed_changes_nothing(kept, monkeypatch):
    store, jobs, ids = kept
    before = left(store)

    def full(path, record, **_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(removal, "write_sealed", full)
    with pytest.raises(StoreError, match="No space left") as error:
        removal.remove(store.root, ids, [], jobs)
    assert error.value.hint == "nothing was removed"
    assert left(store) == before


def test_a_job_that_a_run_is_making_is_not_removed(kept):
    store, jobs, ids = kept
    before = left(store)
    with (
        FileLock(store.root / "jobs" / f".{jobs[1]}.lock"),
        pytest.raises(StoreError, match=f"a run is at work on job {jobs[1][:8]}"),
    ):
        removal.remove(store.root, ids, [], jobs)
    assert left(store) == before
