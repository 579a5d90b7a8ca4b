import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from iqabench.contract import DataError, DatasetCard
from iqabench.data.tables import Dataset, canonical
from iqabench.registry import registry
from iqabench.saliency.makers import Maker, Permuter, Reader

NAMES = ["a1.png", "b1.png"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IQABENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def dataset(tmp_path):
    """Two pictures with a map each, and their pristine pictures."""
    random = np.random.default_rng(0)
    for number, name in enumerate([*NAMES, "a.png", "b.png"]):
        pixels = random.integers(0, 256, (20 + number, 30, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    for name in NAMES:
        Image.fromarray(random.integers(1, 256, (20, 30), np.uint8)).save(tmp_path / f"map_{name}")
    columns = {
        "image": NAMES,
        "mos": [1.0, 2.0],
        "reference": ["a.png", "b.png"],
        "content": ["a", "b"],
        "saliency": [f"map_{name}" for name in NAMES],
    }
    card = DatasetCard(name="set", title="Set", reader="a:b")
    return Dataset(card, tmp_path, canonical(pd.DataFrame(columns), card, tmp_path))


def test_computed_maps_are_known_by_their_picture(dataset):
    maker = Maker(registry().provider("center"), dataset)
    assert maker.files == ""
    assert maker.key("a1.png") == dataset.image_hashes["a1.png"]
    found = maker.make("a1.png", allow_truncated=False)
    assert found.shape == (1, 20, 30)
    assert found.max() == 1


def test_read_maps_are_known_by_their_picture_and_their_file(dataset):
    provider = registry().provider("groundtruth")
    before = Reader(provider, dataset)
    assert before.make("b1.png", allow_truncated=False).shape == (1, 21, 30)
    files = before.files
    Image.new("L", (30, 20), 9).save(dataset.root / "map_b1.png")
    after = Reader(provider, dataset)
    assert after.key("a1.png") == before.key("a1.png")
    assert after.key("b1.png") != before.key("b1.png")
    assert after.files != files


def test_a_pristine_picture_without_a_map_is_named(dataset):
    with pytest.raises(DataError, match=r"no saliency map of a\.png") as refused:
        Reader(registry().provider("groundtruth"), dataset).key("a.png")
    assert "pristine" in refused.value.hint


def test_a_permuted_map_is_anothers_in_this_pictures_size(dataset):
    provider = registry().provider("shuffled:of=center")
    inner, asked = Maker(provider.of, dataset), []

    def read(name, allow_truncated):
        asked.append(name)
        return np.linspace(0, 1, 600, dtype=np.float16).reshape(20, 30)

    maker = Permuter(provider, dataset, inner, read)
    found = maker.make("b1.png", allow_truncated=False)
    assert asked == ["a1.png"]
    assert found.shape == (1, 21, 30)
    assert torch.isclose(found.max(), torch.tensor(1.0))
    assert maker.key("b1.png") != inner.key("b1.png")
