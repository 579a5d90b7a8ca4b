"""The facts of ended jobs: as the records say, though few of these are opened."""

import pytest
from stored import job_record, keep, predict_identity

from iqabench.store import Store, intact
from iqabench.store.ended import INDEX
from iqabench.store.folder import JOB


@pytest.fixture
def full(tmp_path, monkeypatch):
    """A store of three jobs, one of which failed, whose files count as settled at once."""
    monkeypatch.setattr(intact, "CLOCK_STEP", 0)
    store = Store(tmp_path / "store")
    store.prepare()
    for number, status in enumerate(("done", "failed", "done")):
        identity = predict_identity(f"model-{number}")
        keep(store, job_record(f"job {number}", identity, status=status, images=number))
    return store


def again(store):
    """The store as another process opens it."""
    return Store(store.root)


def told(store):
    """What the records themselves say."""
    return {
        job.fingerprint: (job.record.status, job.record.title, job.record.images)
        for job in store.jobs()
    }


def facts(store):
    return {
        name: (one.status, one.title, one.images) for name, one in again(store).all_ended().items()
    }


def test_the_facts_are_those_of_the_records(full):
    assert facts(full) == told(full)
    assert (full.root / "cache" / INDEX).exists()
    assert facts(full) == told(full)


def test_no_record_is_opened_twice(full, monkeypatch):
    full.all_ended()
    other = again(full)
    monkeypatch.setattr(other, "job", lambda name: pytest.fail(f"{name} was opened"))
    assert len(other.all_ended()) == 3


def test_a_job_that_is_made_again_or_removed_is_noticed(full):
    (first, *_), before = sorted(full.all_ended()), full.all_ended()
    record = full.job(first).record.model_copy(update={"title": "made again"})
    with full.writing(first):
        full.finish(record)
    assert again(full).ended(first).title == "made again" != before[first].title
    (full.root / "jobs" / first / JOB).unlink()
    assert again(full).ended(first) is None
    assert set(facts(full)) == set(before) - {first}


@pytest.mark.parametrize("damage", ["", "x", '{"form": 2, "known": "{}"}', "cut"])
def test_a_damaged_index_counts_as_absent(full, damage):
    full.all_ended()
    place = full.root / "cache" / INDEX
    kept = place.read_text()
    place.write_text(kept[: len(kept) // 2] if damage == "cut" else damage)
    assert facts(full) == told(full)
    assert place.read_text() == kept


def test_a_store_without_a_cache_has_no_index_and_answers(full):
    (full.root / "cache").rmdir()
    assert facts(full) == told(full)


def test_facts_are_plain(full):
    one = next(iter(full.all_ended().values()))
    facts = {"status", "began", "title", "seconds", "images", "kind", "files", "content", "whole"}
    assert set(one._fields) == facts
