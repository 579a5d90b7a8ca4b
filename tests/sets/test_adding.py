import shutil
from pathlib import Path

import pytest

from iqabench.catalog import Catalog
from iqabench.contract import CatalogError, DataError, UnknownNameError, UsageError
from iqabench.data.tables import read
from iqabench.registry import registry
from iqabench.sets.adding import add_known, add_own, use_of_labels


@pytest.fixture
def catalog(tmp_path):
    return tmp_path / "written.yaml"


def ready(name, catalog):
    return Catalog(registry(), catalog).ready(name)


def test_a_users_own_set_with_guessed_columns(little, catalog):
    dataset = add_own("mine", little.root, little.root / "scores.csv", None, {}, catalog)
    assert len(dataset.table) == 36
    bound = ready("mine", catalog)
    assert (bound.root, bound.card.direction) == (little.root, "higher")
    assert dict(bound.options["columns"]) == {
        "image": "file",
        "mos": "score",
        "reference": "original",
    }
    assert bound.options["labels"] == "scores.csv"


def test_labels_elsewhere_and_columns_given(little, catalog, tmp_path):
    labels = shutil.copy(little.root / "scores.csv", tmp_path / "elsewhere.csv")
    given = {"distortion": "kind", "level": "strength", "mos": None}
    dataset = add_own("mine", little.root, tmp_path / "elsewhere.csv", "lower", given, catalog)
    assert set(dataset.table["distortion"]) == {"blur", "noise"}
    assert (dataset.table["quality"] == -dataset.table["mos"]).all()
    assert ready("mine", catalog).options["labels"] == str(labels)


def test_labels_are_sought_below_the_root_too(little, catalog, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    labels = little.root.__class__("scores.csv")
    assert len(add_own("mine", little.root, labels, None, {}, catalog).table) == 36


@pytest.mark.parametrize("name", ["DMOS", "dmos_new"])
def test_dmos_needs_a_direction(little, catalog, tmp_path, name):
    text = (little.root / "scores.csv").read_text().replace("score", name, 1)
    (tmp_path / "d.csv").write_text(text)
    given = {"mos": name}
    with pytest.raises(UsageError, match="may mean that lower is better"):
        add_own("mine", little.root, tmp_path / "d.csv", None, given, catalog)
    assert not catalog.exists()
    add_own("mine", little.root, tmp_path / "d.csv", "lower", given, catalog)
    assert ready("mine", catalog).card.direction == "lower"


def test_a_registered_set_needs_its_root_only(catalog, kadid_files):
    dataset = add_known("KADID-10k", kadid_files, None, {"image": None}, catalog)
    assert (dataset.name, len(dataset.table)) == ("kadid", 2)
    assert catalog.read_text() == f"datasets:\n  kadid:\n    root: {kadid_files}\n"


@pytest.fixture
def kadid_files(tmp_path):
    """Two rows in KADID-10k's layout; no file is a picture."""
    root = tmp_path / "kadid10k"
    (root / "images").mkdir(parents=True)
    for name in ("I01.png", "I01_01_01.png", "I01_01_02.png"):
        (root / "images" / name).write_bytes(b"x")
    (root / "dmos.csv").write_text(
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.5,0.1\nI01_01_02.png,I01.png,3,0.2\n"
    )
    return root


@pytest.mark.parametrize(
    ("name", "given", "error", "words"),
    [
        ("kadidd", {}, UnknownNameError, "unknown data set 'kadidd'"),
        ("kadid", {"mos": "dmos"}, UsageError, "knows its columns"),
        ("kadid", {}, DataError, r"dmos\.csv is missing"),
    ],
)
def test_a_registered_set_that_cannot_be_added(catalog, tmp_path, name, given, error, words):
    with pytest.raises(error, match=words):
        add_known(name, tmp_path, None, given, catalog)
    assert not catalog.exists()


def test_links_may_lead_into_a_folder_that_is_named(little, catalog, tmp_path):
    root = tmp_path / "part"
    root.mkdir()
    (root / "labels.csv").write_text("image,mos\na.png,1\nb.png,2\n")
    for name, other in (("a.png", "c0_1.png"), ("b.png", "c1_2.png")):
        (root / name).symlink_to(little.root / other)
    with pytest.raises(DataError, match="leads out of") as error:
        add_own("part", root, root / "labels.csv", None, {}, catalog)
    assert "--links DIR" in error.value.hint
    made = add_own("part", root, root / "labels.csv", None, {}, catalog, links=little.root)
    assert len(made.table) == 2
    assert Catalog(registry(), catalog).get("part").links == little.root.resolve()


def test_an_unknown_set_may_be_one_of_the_users(catalog, tmp_path):
    with pytest.raises(UnknownNameError) as error:
        add_known("xyzzy", tmp_path, None, {}, catalog)
    assert error.value.hint.endswith("; a set of your own needs --labels FILE")


def test_a_name_that_is_taken(little, catalog):
    with pytest.raises(CatalogError, match="a data set 'kadid' already"):
        add_own("kadid", little.root, little.root / "scores.csv", None, {}, catalog)


ROOTS = "image,mos,reference\nc0_1.png,1,c0.png\nc1_1.png,2,c1.png\n"


@pytest.fixture
def own(little, tmp_path, monkeypatch):
    """A set whose label file is scores.csv, and another current folder."""
    root = shutil.copytree(little.root, tmp_path / "own")
    (root / "scores.csv").write_text(ROOTS)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return root


def test_labels_below_the_root_and_in_the_current_folder_are_not_chosen_between(own, catalog):
    here = Path("scores.csv")
    here.write_text("image,score\nc0_1.png,9\n")
    with pytest.raises(UsageError, match="there twice") as refused:
        add_own("mine", own, here, None, {}, catalog)
    for path in (own / "scores.csv", here.resolve()):
        assert str(path) in refused.value.message
    assert not catalog.exists()
    assert add_own("mine", own, own / "scores.csv", None, {}, catalog).table["mos"].tolist() == [
        1,
        2,
    ]
    assert add_own("yours", own, here.resolve(), None, {}, catalog).table["mos"].tolist() == [9]


def test_one_file_by_two_paths_is_one_file(own, catalog, monkeypatch):
    monkeypatch.chdir(own)
    found = add_own("mine", own, Path("scores.csv"), None, {}, catalog)
    assert found.table["content"].tolist() == ["c0.png", "c1.png"]
    Path("../here/scores.csv").symlink_to(own / "scores.csv")
    monkeypatch.chdir(own.parent / "here")
    assert len(add_own("yours", own, Path("scores.csv"), None, {}, catalog).table) == 2


def test_the_use_of_the_label_file_is_told(own):
    (own / "more.csv").write_text("name,note,mos,orig\nc0_1.png,x,1,c0.png\n")
    assert use_of_labels(own, Path("more.csv"), {}) == {
        "labels": str(own / "more.csv"),
        "used": "'name' as image, 'mos' as mos, 'orig' as reference",
        "not used": "'note'",
        "content": "no column gives the content: pictures with the same reference count as one",
    }
    (own / "bare.txt").write_text("c0.png c0_1.png 1\n")
    assert use_of_labels(own, Path("bare.txt"), {"image": 2, "mos": 3}) == {
        "labels": str(own / "bare.txt"),
        "used": "column 2 as image, column 3 as mos",
        "not used": "column 1",
        "content": "no column gives the content: every picture counts as its own",
    }
    (own / "scene.csv").write_text("image,mos,scene\nc0_1.png,1,a\n")
    assert "content" not in use_of_labels(own, Path("scene.csv"), {})


def test_a_file_without_a_header_is_added_by_numbers_and_read_again(own, catalog):
    (own / "bare.txt").write_text("c0.png c0_1.png 1.5\nc1.png c1_1.png 2\n")
    given = {"reference": 1, "image": 2, "mos": 3}
    table = add_own("mine", own, Path("bare.txt"), None, given, catalog).table
    assert table["reference"].tolist() == ["c0.png", "c1.png"]
    assert read(ready("mine", catalog)).table.equals(table)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("image,mos\nc0_1.png,1\nc1_1.png,x\n", "l.csv, line 3, column 'mos'"),
        ("image,mos\n\nc0_1.png,1\n./c0_1.png,2\n", "l.csv, lines 3 and 4"),
        ("image,mos\nc0_1.png,1\n,2\n", "l.csv, line 3, column 'image' names no image"),
        ("image,mos,std\nc0_1.png,1,-1\n", "l.csv, line 2, column 'std'"),
        ("image,mos,ref\nc0_1.png,1,\n", "l.csv, line 2, column 'ref'"),
    ],
)
def test_a_wrong_label_is_named_by_file_line_and_column(own, catalog, text, words):
    (own / "l.csv").write_text(text)
    with pytest.raises(DataError) as refused:
        add_own("mine", own, Path("l.csv"), None, {}, catalog)
    assert words in refused.value.message
    assert not catalog.exists()
