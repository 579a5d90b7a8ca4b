import shutil

import pytest

from iqabench.catalog import Catalog
from iqabench.contract import CatalogError, DataError, UnknownNameError, UsageError
from iqabench.registry import registry
from iqabench.sets.adding import add_known, add_own


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


def test_a_name_that_is_taken(little, catalog):
    with pytest.raises(CatalogError, match="a data set 'kadid' already"):
        add_own("kadid", little.root, little.root / "scores.csv", None, {}, catalog)
