import pandas as pd
import pytest
from PIL import Image

from iqabench.api import Session
from iqabench.contract import DataError
from iqabench_datasets.generic import read

COLUMNS = {"image": "file", "mos": "points", "reference": "original", "mos_std": "sd"}


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("a.png", "b.png", "r.png"):
        Image.new("RGB", (20, 20)).save(folder / name)
    table = pd.DataFrame(
        {
            "file": ["a.png", "b.png"],
            "points": [12.5, 80],
            "original": "r.png",
            "sd": [1.0, 2.0],
            "remark": "",
        }
    )
    table.to_csv(folder / "scores.csv", index=False)
    table.to_parquet(folder / "scores.parquet", index=False)
    return folder


@pytest.mark.parametrize("labels", ["scores.csv", "scores.parquet"])
def test_columns_are_renamed_and_others_left_out(root, labels):
    table = read(root, {"labels": labels, "columns": COLUMNS})
    assert list(table) == list(COLUMNS)
    assert table["image"].tolist() == ["a.png", "b.png"]
    assert table["mos"].tolist() == [12.5, 80]


def test_without_columns_the_canonical_names_are_read(root):
    (root / "plain.csv").write_text("mos,image\n3,a.png\n")
    assert read(root, {"labels": "plain.csv"}).to_dict("list") == {"image": ["a.png"], "mos": [3]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "the catalogue names no label file"),
        ({"labels": "scores.csv"}, "scores.csv lacks the columns image, mos"),
        (
            {"labels": "scores.csv", "columns": {"image": "file", "mos": "score"}},
            "scores.csv lacks the columns score",
        ),
    ],
)
def test_missing_options_and_columns_are_named(root, options, message):
    with pytest.raises(DataError, match=message) as refused:
        read(root, options)
    assert refused.value.hint


def bound(tmp_path, root, **keys):
    """The set as a catalogue binds it."""
    lines = [f"    {key}: {value}" for key, value in {"root": root, **keys}.items()]
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text("\n".join(["datasets:", "  mine:", "    reader: csv", *lines]) + "\n")
    return Session(catalog).dataset("mine")


PLAIN = {"labels": "scores.csv", "columns": "{image: file, mos: points}"}


def test_a_catalogue_binds_it(tmp_path, root):
    dataset = bound(tmp_path, root, **PLAIN)
    assert (dataset.name, dataset.card.label_kind) == ("mine", "human")
    assert dataset.table["quality"].tolist() == [12.5, 80]


def test_lower_is_better_is_turned_round(tmp_path, root):
    table = bound(tmp_path, root, direction="lower", **PLAIN).table
    assert table["mos"].tolist() == [12.5, 80]
    assert table["quality"].is_monotonic_decreasing
    assert (table["quality"] + table["mos"]).nunique() == 1


def test_a_missing_label_file_is_named(tmp_path, root):
    with pytest.raises(DataError, match=r"no.csv is missing"):
        bound(tmp_path, root, labels="no.csv")


@pytest.mark.parametrize(
    "text", ["", "file,points\na.png,good\n", 'file,points\n"a.png,1\n', "file,points\n"]
)
def test_damaged_label_files_are_named(tmp_path, root, text):
    (root / "scores.csv").write_text(text)
    with pytest.raises(DataError) as refused:
        bound(tmp_path, root, **PLAIN)
    assert "mine" in refused.value.message
