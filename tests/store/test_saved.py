"""Records that a store is known to hold are not read again; what has changed is."""

import pytest
from stored import evaluation

from iqabench.store import Store, intact, shelf
from iqabench.store.records import SplitRecord
from iqabench.store.saved import INDEX

SPLIT = SplitRecord(dataset="little", train=("a", "b"), validation=("c",), test=("d",))
EVALUATION = evaluation()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store whose files count as settled at once."""
    monkeypatch.setattr(intact, "CLOCK_STEP", 0)
    store = Store(tmp_path / "store")
    store.prepare()
    return saved(store)


def saved(store):
    store.save_split(SPLIT)
    store.save_evaluation(EVALUATION)
    store.keep_known()
    return store


def again(store):
    """The store as another process opens it."""
    return Store(store.root)


def files(store):
    return sorted([*store.root.glob("splits/*.json"), *store.root.glob("evaluations/*.json")])


def test_what_is_known_is_not_read_again(store, monkeypatch):
    saved(store)
    monkeypatch.setattr(shelf, "read_record", lambda path, kind: pytest.fail(f"{path} was read"))
    other = saved(again(store))
    assert other.evaluation(EVALUATION.id) == EVALUATION


@pytest.mark.parametrize("damage", ["", "x", "cut", "gone"])
def test_what_is_damaged_is_told_and_written_again(store, damage):
    whole = [path.read_bytes() for path in files(store)]
    for path in files(store):
        if damage == "gone":
            path.unlink()
        else:
            path.write_text(path.read_text()[:40] if damage == "cut" else damage)
    told = []
    saved(Store(store.root, told.append))
    assert [path.read_bytes() for path in files(store)] == whole
    assert len(told) == (0 if damage == "gone" else 2)


def test_another_content_under_the_same_id_is_written(store):
    found = EVALUATION.audited(("d",), pending=False, seen=())
    assert found.id == EVALUATION.id
    again(store).save_evaluation(found)
    assert again(store).evaluation(found.id) == found
    assert saved(again(store)).evaluation(found.id) == EVALUATION


@pytest.mark.parametrize("damage", ["", "x", "cut"])
def test_a_damaged_index_counts_as_absent(store, damage):
    place = store.root / "cache" / INDEX
    kept = place.read_text()
    place.write_text(kept[: len(kept) // 2] if damage == "cut" else damage)
    saved(again(store))
    assert place.read_text() == kept


def test_an_index_that_cannot_be_written_costs_time_only(store):
    (store.root / "cache" / INDEX).unlink()
    (store.root / "cache").rmdir()
    (store.root / "cache").write_text("a file lies here")
    assert saved(again(store)).evaluation(EVALUATION.id) == EVALUATION
