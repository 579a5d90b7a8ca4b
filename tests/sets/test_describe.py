import pandas as pd
import pytest
from PIL import Image

from iqabench.catalog import Catalog
from iqabench.contract import DatasetCard
from iqabench.data.tables import Dataset, canonical, read
from iqabench.registry import registry
from iqabench.sets.describe import counts, draw, facts, histogram, levels


@pytest.fixture
def dataset(little):
    return read(Catalog(registry(), little.catalog).ready("little"))


def test_facts_of_a_card_without_files():
    found = facts(Catalog(registry()).get("kadid"))
    assert found["images on the card"] == 10125
    assert found["contents on the card"] == 81
    assert found["labels"] == "human, higher is better"
    assert found["range"] == "1 to 5"
    assert found["archive"] == "kadid10k.zip"
    assert found["root"] == "not set"
    assert found["protocol"] == ("hold-out of 20% of contents, 10% for validation; 3 repetitions")
    assert found["levels without order"] == "color-shift, mean-shift, contrast-change"
    assert found["licence"] == "not stated"


def test_counts(dataset):
    found = counts(dataset)
    assert (found["images"], found["contents"], found["references"]) == (36, 9, 9)
    assert found["distortions"] == 2
    low, high = dataset.table["mos"].agg(["min", "max"])
    assert found["scores"].startswith(f"{low:.4g} to {high:.4g}, mean ")


def test_levels(dataset):
    """Odd levels are blurred and even ones noisy, nine of each."""
    assert levels(dataset.table) == [
        {"distortion": "blur", "level 1": 9, "level 2": 0, "level 3": 9, "level 4": 0},
        {"distortion": "noise", "level 1": 0, "level 2": 9, "level 3": 0, "level 4": 9},
    ]
    assert levels(dataset.table.drop(columns="level")) == [
        {"distortion": "blur", "images": 18},
        {"distortion": "noise", "images": 18},
    ]
    assert levels(dataset.table.drop(columns="distortion")) == []


@pytest.fixture
def plain(tmp_path):
    """A set of given scores."""

    def make(scores):
        names = [f"{number}.png" for number in range(len(scores))]
        for name in names:
            (tmp_path / name).write_bytes(b"")
        card = DatasetCard(name="plain", title="Plain", reader="a:b")
        table = pd.DataFrame({"image": names, "mos": scores})
        return Dataset(card, tmp_path, canonical(table, card, tmp_path))

    return make


def test_histogram(plain):
    """Twenty bins of width one; the last holds its upper edge."""
    lines = histogram(plain([0, 0.5, 0.9, 1.1, 19.5, 20]))
    assert len(lines) == 20
    assert lines[0] == " 0 ..  1      3 " + "#" * 30
    assert lines[1] == " 1 ..  2      1 " + "#" * 10
    assert lines[2] == " 2 ..  3      0 "
    assert lines[19] == "19 .. 20      2 " + "#" * 20


def test_one_score_only(plain):
    lines = histogram(plain([3, 3]))
    assert sum(line.count("#") for line in lines) == 30


def test_the_figure_is_a_picture(dataset, tmp_path):
    draw(dataset, tmp_path / "h.png")
    with Image.open(tmp_path / "h.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (960, 540))
    with pytest.raises(OSError):
        draw(dataset, tmp_path / "none" / "h.png")
