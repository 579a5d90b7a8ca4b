from pathlib import Path

import pytest
from ruamel.yaml import YAML

from iqabench.catalog import Catalog, user_catalog
from iqabench.contract import CatalogError, DataError
from iqabench.registry import registry
from iqabench.sets.binding import bind, check_new, user_root, with_entry

ENTRY = {"root": "/data/x", "columns": {"image": "file"}}


def write(text, name="kadid", entry=ENTRY):
    return with_entry(text, name, entry, Path("c.yaml"))


def little_entry(little, **more):
    columns = {"image": "file", "mos": "score", "reference": "original"}
    return {
        "reader": "csv",
        "root": str(little.root),
        "labels": "scores.csv",
        "columns": columns,
        **more,
    }


def test_a_new_file():
    assert write("") == "datasets:\n  kadid:\n    root: /data/x\n    columns: {image: file}\n"


@pytest.mark.parametrize("nothing", ["# one\n# two\n", "# one\n# two"])
def test_comments_alone_stay_first(nothing):
    assert write(nothing) == "# one\n# two\n" + write("")


@pytest.mark.parametrize("nothing", ["datasets:\n", "datasets: {}\n", "datasets: null\n"])
def test_an_empty_list_of_sets(nothing):
    assert write(nothing) == write("")


def test_comments_order_quotes_and_indentation_are_kept():
    before = (
        "# mine\ndatasets:\n    # first\n    zebra:   # why\n        reader: 'csv'\n"
        "        unordered:\n          - a   # b\n        columns: {image: a, mos: b}\n\n"
        "    aardvark: {reader: csv}\n"
    )
    added = "    kadid:\n        root: /data/x\n        columns: {image: file}\n"
    assert write(before) == before + added


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("datasets:\n  KADID-10k: {root: null}\n  demo: {}\n", "  KADID-10k: {root: /y}\n"),
        ("datasets:\n  kadid:\n  demo: {}\n", "  kadid:\n    root: /y\n"),
        ("datasets:\n  kadid:\n    root: /x\n    title: T\n", "    root: /y\n    title: T\n"),
    ],
)
def test_an_entry_that_is_there_keeps_its_place_and_other_keys(before, after):
    text = write(before, entry={"root": "/y"})
    assert after in text
    assert text.count("/y") == 1
    keys = list(YAML(typ="safe").load(before)["datasets"])
    assert list(YAML(typ="safe").load(text)["datasets"]) == keys


@pytest.mark.parametrize("text", ["- a\n", "datasets: 5\n", "datasets: [a]\n", "a: {b\n"])
def test_a_file_that_is_no_catalogue_is_refused(text):
    with pytest.raises(CatalogError, match=r"c\.yaml is no"):
        write(text)


def test_a_set_is_read_and_then_written(little):
    assert not user_catalog().parent.exists()
    dataset = bind("mine", little_entry(little), user_catalog())
    assert len(dataset.table) == 36
    bound = Catalog(registry()).ready("mine")
    assert (bound.root, bound.card.direction) == (little.root, "higher")
    bind("other", little_entry(little, direction="lower"), user_catalog())
    assert Catalog(registry()).get("mine").root == little.root
    assert Catalog(registry()).get("other").card.direction == "lower"


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"labels": "none.csv"}, DataError, "none.csv is missing"),
        ({"columns": {"image": "file", "mos": "kind"}}, DataError, "are no numbers, first c0_1"),
        ({"root": "/not/there"}, DataError, "not at /not/there"),
        ({"direction": "up"}, CatalogError, "direction"),
    ],
)
def test_what_cannot_be_read_is_not_written(little, tmp_path, change, error, words):
    path = tmp_path / "mine.yaml"
    for before in (None, "# precious\n"):
        if before:
            path.write_text(before)
        with pytest.raises(error, match=words) as refused:
            bind("mine", little_entry(little, **change), path)
        if error is CatalogError:
            assert refused.value.message.startswith(str(path))  # not the file it was tried in
        assert path.exists() == bool(before)
    assert path.read_text() == "# precious\n"
    assert sorted(child.name for child in tmp_path.iterdir()) == ["catalog.yaml", "mine.yaml"]


def test_a_link_to_a_catalogue_stays_one(little, tmp_path):
    (tmp_path / "true.yaml").write_text("# true\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "true.yaml")
    bind("mine", little_entry(little), tmp_path / "link.yaml")
    assert (tmp_path / "link.yaml").is_symlink()
    assert "mine:" in (tmp_path / "true.yaml").read_text()


def test_a_place_that_cannot_be_written(little, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match=r"cannot (write|read)"):
        bind("mine", little_entry(little), tmp_path / "file" / "mine.yaml")


@pytest.mark.parametrize("name", ["demo", "KADID-10k", "csv", "Little"])
def test_names_that_are_taken(little, name):
    with pytest.raises(CatalogError, match="already"):
        check_new(name, little.catalog)


def test_names_that_the_command_line_cannot_hold(tmp_path):
    with pytest.raises(CatalogError, match="cannot name a data set"):
        check_new("my set", tmp_path / "c.yaml")
    check_new("my-set", tmp_path / "c.yaml")
    assert list(tmp_path.iterdir()) == []


def test_where_a_users_sets_go(monkeypatch, tmp_path):
    assert user_root("x").parts[-2:] == ("datasets", "x")
    monkeypatch.setenv("IQABENCH_DATA", str(tmp_path))
    assert user_root("x") == tmp_path / "x" == Catalog(registry()).get("kadid").root.parent / "x"
