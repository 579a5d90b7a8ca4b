import bz2
import gzip
import lzma

import pandas as pd
import pytest
from PIL import Image

from iqabench.api.session import Session
from iqabench.contract import DataError
from iqabench.contract.datasets import NUMBERS, OPTIONAL, REQUIRED
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


def read_text(root, text, name="labels.csv", **options):
    """The table of a label file with that text or those bytes."""
    (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(root, {"labels": name, **options})


PLAIN_ROWS = {"image": ["a.png", "b.png"], "mos": [1.5, 2.0]}


@pytest.mark.parametrize(
    "text",
    [
        "image,mos\na.png,1.5\nb.png,2\n",
        "image;mos\na.png;1.5\nb.png;2\n",
        "image\tmos\na.png\t1.5\nb.png\t2\n",
        "image, mos\na.png, 1.5\nb.png, 2\n",
        '"image","mos"\r\n"a.png","1.5"\r\n"b.png","2"\r\n',
        "\ufeffimage,mos\na.png,1.5\n\nb.png,2",
        "mos,remark,image\n1.5,,a.png\n2,,b.png\n",
        "image|mos\na.png|1.5\nb.png|2\n",
        "image mos\na.png   1.5\nb.png 2  \n",
        "image;mos\na.png;1,5\nb.png;2\n",
        "image,mos\ra.png,1.5\rb.png,2\r",
        "# image mos\na.png 1.5\nb.png 2\n",
        "# made by hand\nimage,mos\na.png,1.5\n# a remark, too\n,\nb.png,2\n",
        "image,mos\na.png,1.5\nb.png,2\n".encode("utf-16"),
        gzip.compress(b"image,mos\na.png,1.5\nb.png,2\n", mtime=0),
        bz2.compress(b"image,mos\na.png,1.5\nb.png,2\n"),
        lzma.compress(b"image,mos\na.png,1.5\nb.png,2\n"),
        '[{"image": "a.png", "mos": 1.5}, {"mos": 2, "image": "b.png"}]',
        '{"image": "a.png", "mos": 1.5}\n\n{"mos": "2", "image": "b.png"}\n',
    ],
)
def test_the_usual_dialects(root, text):
    assert read_text(root, text).to_dict("list") == PLAIN_ROWS


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"image,mos\n\x81.png,1\n", "labels.csv, line 2: not UTF-8"),
        ("image,mos\na.png,1\n".encode("utf-16")[:-1], "labels.csv, line 2: not UTF-16"),
        ("image,mos\na.png,1,\nb.png,2,\n", "labels.csv, line 2: 3 fields, not 2"),
        ("image,mos\na.png,1\nb.png,2,3\n", "labels.csv, line 3: 3 fields, not 2"),
        ("image,mos\na.png,1\n\nb.png\n", "labels.csv, line 4: 1 field, not 2"),
        ("picture mos\na.png 1\n", "lacks the columns image"),
    ],
)
def test_other_files_are_refused(root, text, words):
    with pytest.raises(DataError) as refused:
        read_text(root, text)
    assert words in refused.value.message
    assert refused.value.hint


def test_names_that_look_like_numbers_or_gaps_stay_names(root):
    table = read_text(root, "image,mos,content,mos_std\n007,1,01,NA\nNA,2,None,0.5\n")
    assert table["image"].tolist() == ["007", "NA"]
    assert table["content"].tolist() == ["01", "None"]
    assert table["mos_std"].isna().tolist() == [True, False]  # here NA is a gap


def test_every_canonical_column_is_read_under_its_own_name(root):
    row = dict.fromkeys((*REQUIRED, *OPTIONAL), "x") | dict.fromkeys(NUMBERS, "3")
    text = ",".join([*row, "remark"]) + "\n" + ",".join([*row.values(), "y"]) + "\n"
    assert list(read_text(root, text)) == [*REQUIRED, *OPTIONAL]


def test_one_column_may_serve_twice(root):
    columns = {"image": "file", "mos": "m", "reference": "o", "content": "o"}
    table = read_text(root, "file,m,o\na.png,1,r.png\n", columns=columns)
    assert table["content"].tolist() == table["reference"].tolist() == ["r.png"]


@pytest.mark.parametrize("labels", ["../mine/scores.csv", "link.csv", "folder"])
def test_the_label_file_lies_below_the_root(tmp_path, root, labels):
    (tmp_path / "outside.csv").write_text("image,mos\na.png,1\n")
    (root / "link.csv").symlink_to(tmp_path / "outside.csv")
    (root / "folder").mkdir()
    with pytest.raises((DataError, FileNotFoundError)):
        read(root, {"labels": labels})


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


def test_a_catalogue_may_name_a_label_file_elsewhere(tmp_path, root):
    (tmp_path / "mine.csv").write_text("image,mos\na.png,1\n")
    assert list(read(root, {"labels": str(tmp_path / "mine.csv")})["image"]) == ["a.png"]
