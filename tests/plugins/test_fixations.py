from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from iqabench.catalog import BoundDataset
from iqabench.contract import DataError
from iqabench.kit.fixations import read_fixations
from iqabench.registry import registry
from iqabench.sets.verify import verify

SCENE = Path(__file__).parents[3] / "shared" / "scene200"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "images" / "deep").mkdir(parents=True)
    for name in ("a.png", "deep/b.png"):
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "images" / name)
    write(tmp_path, "image,observer,y,x\na.png,0,1,2\ndeep/b.png,0,3,4\na.png,1,5,6\n")
    return tmp_path


def write(root, text):
    (root / "fixations.csv").write_text(text)


def test_a_row_for_every_picture_and_no_scores(root, read):
    found = read("fixations", root)
    assert found.table["image"].tolist() == ["images/a.png", "images/deep/b.png"]
    assert found.table["content"].tolist() == found.table["image"].tolist()
    assert not {"mos", "quality"} & set(found.table)
    assert not found.card.labelled
    files = [root / name for name in found.table["fixations"]]
    places = [read_fixations(*pair) for pair in zip(files, found.table["image"], strict=True)]
    assert [len(some) for some in places] == [2, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("y,x\n1,2\n", "lacks the column image"),
        ("image,y\na.png,1\n", "lacks the columns x"),
        ("image,y,x\na.png,1,here\n", "x is no number"),
        ("image,y,x\n", "no rows"),
        ("image,y,x\nc.png,1,2\n", "1 of 1 images are missing"),
        ("image,y,x\n../a.png,1,2\n", "leads out"),
        ("image,y,x\n/etc/passwd,1,2\n", "missing"),
    ],
)
def test_damaged_files_are_refused(root, read, text, words):
    write(root, text)
    with pytest.raises(DataError) as error:
        read("fixations", root)
    assert error.value.message.startswith("data set 'fixations': ")
    assert words in error.value.message


def test_a_folder_without_the_file(tmp_path, read):
    with pytest.raises(DataError, match=r"fixations\.csv is missing"):
        read("fixations", tmp_path)


def test_verify_finds_what_is_wrong_without_scores(root):
    bound = BoundDataset(registry().dataset("fixations"), root)
    assert verify(bound).problems == ()
    Image.new("RGB", (4, 4)).save(root / "images" / "c.png")
    (root / "images" / "a.png").write_text("no picture")
    found = [(problem.problem, problem.file) for problem in verify(bound).problems]
    assert sorted(found) == [("extra", "images/c.png"), ("unreadable", "images/a.png")]


@pytest.mark.skipif(not SCENE.is_dir(), reason="scene200 is not here")
def test_scene200_as_its_notes_describe_it(read):
    """README.md there: 200 photos, 12 observers, 17,238 fixations, all inside their picture."""
    table = read("fixations", SCENE).table
    file = SCENE / "fixations.csv"
    assert len(table) == 200
    assert sum(len(read_fixations(file, name)) for name in table["image"]) == 17238
