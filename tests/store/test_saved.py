"""Records that a store is known to hold are not read again; what has changed is."""

import json

import pytest
from stored import evaluation

from iqabench.store import Store, intact, shelf
from iqabench.store.records import SplitRecord
from iqabench.store.saved import FORM, INDEX, SavedRecords
from iqabench.store.sealed import read_sealed, write_sealed

SPLIT = SplitRecord(dataset="little", train=("a", "b"), validation=("c",), test=("d",))
EVALUATION = evaluation()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store whose files count as settled at once."""
    monkeypatch.setattr(intact, "CLOCK_STEP", 0)
    store = Store(tmp_path / "store")
    store.prepare()
    saved(store)
    return saved(store)  # what was written is noted when it is read


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


def test_damage_that_changes_no_time_is_mended_after_it_was_read(store, monkeypatch):
    """As of a failing disk, which the system does not know of."""
    whole = [path.read_bytes() for path in files(store)]
    stamps = {str(path): intact.stamp(str(path)) for path in files(store)}
    stamp = intact.stamp
    monkeypatch.setattr(intact, "stamp", lambda path: stamps.get(path) or stamp(path))
    for path, content in zip(files(store), whole, strict=True):
        path.write_bytes(content.replace(b"s", b"t", 1))
    told = []
    reader = Store(store.root, told.append)
    assert reader.evaluations() == [] and reader.split(SPLIT.digest) is None
    reader.keep_known()
    assert len(told) == 2
    saved(again(store))
    assert [path.read_bytes() for path in files(store)] == whole


def test_a_file_that_is_not_there_is_not_noted(store):
    known = SavedRecords(store.root)
    known.note("splits/none.json", known.stamp("splits/none.json"), "hash")
    assert not known.holds("splits/none.json", known.stamp("splits/none.json"), "hash")


def test_what_another_process_writes_meanwhile_is_not_taken_for_ours(store, monkeypatch):
    """It is written after our file was read, and before that is noted."""
    other = EVALUATION.audited(("d",), pending=False, seen=())
    (store.root / "cache" / INDEX).unlink()
    ours, read = again(store), shelf.read_record

    def read_and_written(path, kind):
        found = read(path, kind)
        monkeypatch.setattr(shelf, "read_record", read)
        again(store).save_evaluation(other)
        return found

    monkeypatch.setattr(shelf, "read_record", read_and_written)
    ours.save_evaluation(EVALUATION)
    ours.keep_known()
    assert again(store).evaluation(EVALUATION.id) == other
    again(store).save_evaluation(EVALUATION)
    assert again(store).evaluation(EVALUATION.id) == EVALUATION


def test_records_that_are_gone_are_forgotten(store):
    names = {f"{path.parent.name}/{path.name}" for path in files(store)}
    place = store.root / "cache" / INDEX
    assert json.loads(read_sealed(place)["known"]).keys() == names
    (split,) = store.root.glob("splits/*.json")
    split.unlink()
    other = again(store)
    other.save_evaluation(EVALUATION.audited(("d",), pending=False, seen=()))
    other = again(store)
    other.save_evaluation(EVALUATION.audited(("d",), pending=False, seen=()))
    other.keep_known()
    assert json.loads(read_sealed(place)["known"]).keys() == names - {f"splits/{split.name}"}


@pytest.mark.parametrize(
    "known", [{"form": 0, "known": "{}"}, {"form": FORM}, {"form": FORM, "known": "[]"}]
)
def test_an_index_of_another_form_counts_as_absent(store, known):
    write_sealed(store.root / "cache" / INDEX, known)
    assert saved(again(store)).evaluation(EVALUATION.id) == EVALUATION


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
