from pathlib import Path

import pytest

from iqabench.catalog import Catalog, shipped_catalog, user_catalog
from iqabench.contract import CatalogError, DataError, UnknownNameError
from iqabench.data.tables import read
from iqabench.kit.places import cache_dir
from iqabench.registry import registry


@pytest.fixture
def catalogue(tmp_path):
    """Writes a catalogue's text and returns the path."""

    def write(text):
        path = tmp_path / "extra.yaml"
        path.write_text(text)
        return path

    return write


def write_user(text):
    user_catalog().parent.mkdir(parents=True, exist_ok=True)
    user_catalog().write_text(text)


def refusal(path, name="mine"):
    with pytest.raises(CatalogError) as error:
        Catalog(registry(), path).get(name)
    assert "\n" not in error.value.message
    assert error.value.message.startswith(str(path))
    assert error.value.hint
    return error.value


def test_the_shipped_catalogue_names_every_registered_set_that_has_pictures():
    assert shipped_catalog().is_file()
    text = shipped_catalog().read_text()
    for card in registry().datasets.cards.values():
        if card.images:
            assert f"\n  {card.name}:" in text


def test_later_catalogues_win_key_by_key(catalogue):
    write_user("datasets:\n  kadid: {root: /user, title: The user's}\n")
    assert Catalog(registry()).get("kadid").root == Path("/user")
    merged = Catalog(registry(), catalogue("datasets:\n  kadid: {root: /project}\n")).get("kadid")
    assert (merged.root, merged.card.title) == (Path("/project"), "The user's")
    assert merged.card.images == 10125


def test_an_alias_in_a_catalogue_means_the_set(catalogue):
    known = Catalog(registry(), catalogue("datasets:\n  KADID-10k: {root: /data}\n"))
    assert known.get("kadid").root == known.get("kadid10k").root == Path("/data")
    assert known.names().count("kadid") == 1
    assert "kadid-10k" not in known.names()


def test_the_environment_gives_roots_where_no_catalogue_does(monkeypatch, catalogue):
    assert Catalog(registry()).get("kadid").root is None
    monkeypatch.setenv("IQABENCH_DATA", "/data")
    assert Catalog(registry()).get("kadid").root == Path("/data/kadid")
    path = catalogue("datasets:\n  kadid: {root: /elsewhere}\n")
    assert Catalog(registry(), path).get("kadid").root == Path("/elsewhere")


def test_a_root_in_the_home_folder(monkeypatch, catalogue):
    monkeypatch.setenv("HOME", "/home/someone")
    path = catalogue("datasets:\n  kadid: {root: ~/kadid}\n")
    assert Catalog(registry(), path).get("kadid").root == Path("/home/someone/kadid")


def test_a_built_in_set_lies_in_the_cache_and_needs_no_root():
    bound = Catalog(registry()).ready("demo")
    assert bound.root == cache_dir() / "datasets" / f"demo-{bound.card.version}"


def test_a_users_set_is_its_readers_card_with_the_users_facts(little, catalogue):
    path = catalogue(
        "datasets:\n  Mine:\n    reader: csv\n    root: /data\n    labels: s.csv\n"
        "    columns: {image: file, mos: dmos}\n    direction: lower\n    title: My set\n"
        "    protocol: {kind: k-fold, folds: 5}\n"
    )
    bound = Catalog(registry(), path).get("mine")
    assert (bound.name, bound.card.title, bound.card.direction) == ("mine", "My set", "lower")
    assert bound.card.label_kind == "human"
    assert (bound.card.protocol.kind, bound.card.protocol.folds) == ("k-fold", 5)
    assert bound.card.protocol.test_share == 0.2
    assert dict(bound.options) == {"labels": "s.csv", "columns": {"image": "file", "mos": "dmos"}}


def test_a_catalogue_may_give_facts_that_its_reader_does_not_know(catalogue):
    path = catalogue(
        "datasets:\n  mine:\n    reader: csv\n    unordered: [shift]\n    unlabelled: 3\n"
        "    score_range: [0, 100]\n    label_kind: proxy\n"
        f"    archive: {{url: 'https://a.org/b.zip', sha256: {'a' * 64}, bytes: 7}}\n"
    )
    card = Catalog(registry(), path).get("mine").card
    assert (card.unordered, card.unlabelled, card.score_range) == (("shift",), 3, (0, 100))
    assert (card.archive.filename, card.archive.bytes, card.label_kind) == ("b.zip", 7, "proxy")


def test_the_small_set_is_ready(little):
    bound = Catalog(registry(), little.catalog).ready("little")
    assert bound.root == little.root
    assert "little" in Catalog(registry(), little.catalog).names()
    assert "little" not in Catalog(registry()).names()


def test_readers_are_no_sets_unless_a_catalogue_gives_them_files(catalogue):
    assert {"csv", "fixations"} <= set(Catalog(registry()).names())
    with pytest.raises(UnknownNameError) as error:
        Catalog(registry()).get("xyzzy")
    listed = error.value.hint.removeprefix("known: ").split(", ")
    assert "kadid" in listed and not {"csv", "fixations"} & set(listed)
    here = Catalog(registry(), catalogue("datasets:\n  fixations: {root: /looks}\n"))
    assert "fixations" in here.sets() and "csv" not in here.sets()


def test_a_missing_root_names_the_command_and_the_variable(catalogue):
    with pytest.raises(DataError, match="'kadid' has no root") as error:
        Catalog(registry()).ready("kadid10k")
    for part in ("datasets add kadid --root DIR", "$IQABENCH_DATA", "kadid/", "https:"):
        assert part in error.value.hint
    path = catalogue("datasets:\n  kadid: {root: /not/there}\n")
    with pytest.raises(DataError, match="'kadid' is not at /not/there"):
        Catalog(registry(), path).ready("kadid")


@pytest.mark.parametrize(
    ("text", "line", "key", "hint"),
    [
        ("dataset:\n  mine: {}\n", 1, "dataset", "datasets"),
        ("datasets:\n  kadid:\n    root: /x\n    rot: /y\n", 4, "rot", "root"),
        ("# note\ndatasets:\n  kadid: {title: x, columns: {}}\n", 3, "columns", "known keys"),
        ("datasets:\n  mine: {reader: csv, label: a.csv}\n", 2, "label", "labels"),
    ],
)
def test_an_unknown_key_is_refused_with_file_line_and_key(catalogue, text, line, key, hint):
    path = catalogue(text)
    error = refusal(path)
    assert error.message == f"{path}, line {line}: unknown key '{key}'"
    assert hint in error.hint


def test_bad_yaml_names_the_line(catalogue):
    path = catalogue("datasets:\n  mine: {root: /x\n  other: {}\n")
    assert f"{path}, line 3" in refusal(path).message


@pytest.mark.parametrize(
    "text",
    [
        "- mine\n",
        "datasets: 5\n",
        "datasets:\n  mine: 5\n",
        "datasets:\n  mine: {root: /x}\n",
        "datasets:\n  mine: {reader: nobody}\n",
        "datasets:\n  mine: {reader: csv}\n  mine: {reader: csv}\n",
        "datasets:\n  mine: {reader: csv, root: 5}\n",
        "datasets:\n  mine: {reader: csv, root: [a]}\n",
        "datasets:\n  mine: {reader: csv, title: 5}\n",
        "datasets:\n  mine: {reader: csv, direction: up}\n",
        "datasets:\n  mine: {reader: csv, protocol: 5}\n",
        "datasets:\n  mine: {reader: csv, archive: {url: 'https://a.org/b.zip'}}\n",
        "datasets:\n  mine: {reader: csv, unordered: 5}\n",
        "datasets:\n  mine: {reader: csv, protocol: {fold: 5}}\n",
        "datasets:\n  mine: {reader: csv}\n  my set: {reader: csv}\n",
    ],
)
def test_what_nobody_understands_is_one_line_and_a_hint(catalogue, text):
    refusal(catalogue(text))


def test_a_bad_value_names_its_key(catalogue):
    error = refusal(catalogue("datasets:\n  mine: {reader: csv, title: t, direction: up}\n"))
    assert "direction" in error.message


def test_an_absent_or_unreadable_catalogue_is_refused(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(CatalogError) as error:
            Catalog(registry(), path)
        assert str(path) in error.value.message


def test_an_empty_catalogue_changes_nothing(catalogue):
    assert Catalog(registry(), catalogue("")).names() == Catalog(registry()).names()


def test_unknown_sets_hear_of_near_misses_in_catalogues_too(little):
    with pytest.raises(UnknownNameError) as error:
        Catalog(registry(), little.catalog).get("litle")
    assert "little" in error.value.hint


def test_relative_roots_are_below_the_catalogue(catalogue, monkeypatch, tmp_path_factory):
    path = catalogue("datasets:\n  mine: {reader: csv, root: pictures}\n")
    (path.parent / "pictures").mkdir()
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert Catalog(registry(), path).ready("mine").root == path.parent / "pictures"


@pytest.mark.parametrize("entry", ["demo: {root: ROOT}", "mine: {reader: demo, root: ROOT}"])
def test_a_built_in_set_is_never_built_over_a_users_folder(catalogue, tmp_path, entry):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")
    path = catalogue(f"datasets:\n  {entry}\n".replace("ROOT", str(tmp_path / "thesis")))
    with pytest.raises(DataError):
        read(Catalog(registry(), path).ready(entry.partition(":")[0]))
    assert [child.name for child in (tmp_path / "thesis").iterdir()] == ["chapter"]


def test_where_links_may_lead_is_relative_to_the_catalogue(catalogue, tmp_path):
    path = catalogue("datasets:\n  mine: {reader: csv, root: set, links: store, labels: s.csv}\n")
    bound = Catalog(registry(), path).get("mine")
    assert (bound.root, bound.links) == (tmp_path / "set", tmp_path / "store")
    path = catalogue("datasets:\n  mine: {reader: csv, root: set, labels: s.csv}\n")
    assert Catalog(registry(), path).get("mine").links is None


def test_links_that_are_no_path(catalogue):
    error = refusal(catalogue("datasets:\n  mine: {reader: csv, root: a, links: [b]}\n"))
    assert "line 2: the links of 'mine' is no path" in error.message
