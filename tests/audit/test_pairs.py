import pandas as pd
import pytest

from iqabench.audit import features as features_module
from iqabench.audit import pairs as module
from iqabench.audit.pairs import audit
from iqabench.contract import DatasetCard
from iqabench.data.tables import Dataset, canonical

from .conftest import compressed, cropped


@pytest.fixture
def dataset(tmp_path):
    """Makes a set of pictures, by name; ``rows`` are (image, reference or None, content or None).

    Values that are bytes are written as they are.
    """

    def make(name, pictures, rows=None):
        root = tmp_path / name
        root.mkdir()
        for file, picture in pictures.items():
            if isinstance(picture, bytes):
                (root / file).write_bytes(picture)
            else:
                picture.save(root / file)
        table = pd.DataFrame(
            rows or [(file, None, None) for file in pictures],
            columns=["image", "reference", "content"],
        ).dropna(axis=1, how="all")
        card = DatasetCard(name=name, title=name, reader="a:b")
        return Dataset(card, root, canonical(table.assign(mos=1.0), card, root))

    return make


@pytest.fixture
def tiny(photos):
    """Small pictures, quick to compare."""
    return [photo.resize((200, 150)) for photo in photos]


def names(found):
    return [(pair.first.content, pair.second.content) for pair in found.pairs]


def test_references_are_compared_between_sets(dataset, tiny):
    """A distorted picture has no part in it: one here is like another set's reference."""
    here = dataset(
        "here",
        {"a.png": tiny[0], "a1.png": tiny[2], "b.png": tiny[1], "b1.png": tiny[3]},
        [("a1.png", "a.png", None), ("b1.png", "b.png", None)],
    )
    there = dataset(
        "there",
        {
            "x.jpg": compressed(tiny[0], 40),
            "x1.jpg": compressed(tiny[1], 40),
            "y.png": tiny[4],
            "y1.png": tiny[5],
        },
        [("x1.jpg", "x.jpg", None), ("y1.png", "y.png", None)],
    )
    found = audit(here, there)
    assert (found.first, found.second, found.pictures) == ("here", "there", (2, 2))
    assert names(found) == [("a.png", "x.jpg")]
    assert "hash" in found.pairs[0].evidence.found_by
    assert names(audit(there, here)) == [("x.jpg", "a.png")]


def test_without_references_all_images_are_compared(dataset, photos):
    here = dataset("here", {"a.png": photos[0], "b.png": photos[1]})
    there = dataset("there", {"part.png": cropped(photos[1], 0.5, (0, 1)), "c.png": photos[2]})
    assert names(audit(here, there)) == [("b.png", "part.png")]


def test_within_a_set_only_different_contents_are_a_find(dataset, tiny):
    copies = {f"{n}.jpg": compressed(tiny[0], 50 + n) for n in range(4)}
    one = dataset(
        "one",
        copies,
        [(f"{n}.jpg", None, content) for n, content in enumerate(("a", "a", "b", "c"))],
    )
    found = audit(one)
    assert found.second is None
    assert sorted({tuple(sorted(pair)) for pair in names(found)}) == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]


def test_equal_files_are_found_even_where_pictures_are_not_compared(dataset, tiny):
    """A distorted picture filed under two contents; a flat reference that nothing else matches."""
    flat = tiny[0].resize((1, 1)).resize((90, 90))
    here = dataset(
        "here",
        {"a.png": flat, "a1.png": tiny[1], "b.png": tiny[2], "b1.png": tiny[1]},
        [("a1.png", "a.png", None), ("b1.png", "b.png", None)],
    )
    (within,) = audit(here).pairs
    assert (within.first.name, within.second.name) == ("a1.png", "b1.png")
    assert within.evidence.found_by == "identical files"
    there = dataset("there", {"flat.png": flat, "c.png": tiny[3]})
    (across,) = audit(here, there).pairs
    assert (across.first.content, across.second.content) == ("a.png", "flat.png")
    assert across.evidence.identical


def test_equal_references_are_named_once_with_all_that_found_them(dataset, tiny):
    here, there = (dataset(name, {f"{name}.png": tiny[0]}) for name in ("here", "there"))
    (pair,) = audit(here, there).pairs
    assert pair.evidence.found_by == "identical files, hash, features"


def test_equal_names_are_no_find(dataset, tiny):
    """KADID-10k and TID2013 both call their first reference I01."""
    here, there = (
        dataset(name, {"I01.png": picture})
        for name, picture in (("here", tiny[0]), ("there", tiny[1]))
    )
    assert audit(here, there).pairs == ()


def test_what_cannot_be_read_is_named_and_the_rest_compared(dataset, tiny):
    here = dataset("here", {"a.png": tiny[0], "broken.png": b"no picture"})
    there = dataset("there", {"b.jpg": compressed(tiny[0], 50)})
    found = audit(here, there)
    assert found.unreadable == ("broken.png",)
    assert names(found) == [("a.png", "b.jpg")]


def test_a_second_audit_computes_nothing(dataset, tiny, monkeypatch):
    here = dataset("here", {"a.png": tiny[6], "b.png": tiny[7]})
    there = dataset("there", {"c.jpg": compressed(tiny[6], 55)})
    first = audit(here, there)
    assert names(first) == [("a.png", "c.jpg")]
    for name in ("compare", "features"):
        monkeypatch.setattr(module, name, None)
    assert audit(here, there) == first


def test_pictures_seen_before_are_not_computed_again(dataset, tiny, monkeypatch):
    here = dataset("here", {"a.png": tiny[4], "b.png": tiny[5]})
    audit(here)
    computed = []
    make = features_module.features
    monkeypatch.setattr(features_module, "features", lambda path: computed.append(1) or make(path))
    audit(here, dataset("there", {"new.jpg": compressed(tiny[4], 33)}))
    assert len(computed) == 1


def test_a_changed_picture_is_compared_again(dataset, tiny):
    here = dataset("here", {"a.png": tiny[0]})
    assert audit(here, dataset("there", {"b.png": tiny[1]})).pairs == ()
    assert len(audit(here, dataset("other", {"b.png": tiny[0]})).pairs) == 1


def test_progress_is_told_for_features_and_close_looks(dataset, tiny):
    told = []
    here = dataset("here", {"p.png": tiny[8].rotate(180), "q.png": tiny[7].rotate(180)})
    audit(here, None, lambda *one: told.append(one))
    assert told == [
        (1, 2, "features"),
        (2, 2, "features"),
        (1, 2, "comparing"),
        (2, 2, "comparing"),
    ]


def test_shared_contents_are_those_whose_twin_was_learnt(dataset, tiny):
    here = dataset("here", {"a.png": tiny[0], "b.png": tiny[1], "c.png": tiny[2]})
    there = dataset("there", {"x.jpg": compressed(tiny[0], 60), "y.jpg": compressed(tiny[1], 60)})
    found = audit(here, there)
    assert found.shared(["a.png", "b.png", "c.png"], ["x.jpg", "y.jpg"]) == {"x.jpg", "y.jpg"}
    assert found.shared(["b.png", "c.png"], ["x.jpg", "y.jpg"]) == {"y.jpg"}
    assert found.shared(["a.png", "b.png"], ["x.jpg"]) == {"x.jpg"}
    assert found.shared([], ["x.jpg"]) == set()


def test_within_a_set_twins_count_either_way_and_so_does_a_content_itself(dataset, tiny):
    one = dataset("one", {"a.png": tiny[0], "b.jpg": compressed(tiny[0], 60), "c.png": tiny[1]})
    found = audit(one)
    assert found.shared(["a.png"], ["b.jpg", "c.png"]) == {"b.jpg"}
    assert found.shared(["b.jpg"], ["a.png", "c.png"]) == {"a.png"}
    assert found.shared(["c.png"], ["c.png", "a.png"]) == {"c.png"}
