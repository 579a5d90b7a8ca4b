import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqabench.api.session import Session
from iqabench.contract import DataError
from iqabench.kit.distort import distort, find
from iqabench.registry import registry
from iqabench_datasets import demo

CONTENTS = 8


SMALL = 160
"""The longer side of pictures in a build that is interrupted."""


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.slow
def test_every_photograph_type_and_level_is_there(small_demo):
    root = small_demo
    table = demo.read(root, {})
    card = registry().dataset("demo")
    assert len(table) == card.images == 320
    assert table["content"].nunique() == card.contents == CONTENTS
    assert table.groupby(["content", "distortion", "level"]).size().eq(1).all()
    assert sorted(table["distortion"].unique()) == sorted(demo.TYPES)
    assert sorted(table["level"].unique()) == [1, 2, 3, 4, 5]
    assert all((root / name).is_file() for name in {*table["image"], *table["reference"]})


def test_labels_are_declared_a_proxy():
    card = registry().dataset("demo")
    assert card.label_kind == "proxy"
    assert (card.protocol.kind, card.protocol.folds) == ("k-fold", 4)


@pytest.mark.slow
def test_mean_quality_falls_with_the_level(small_demo):
    table = demo.read(small_demo, {})
    means = table.pivot_table(index="distortion", columns="level", values="mos", aggfunc="mean")
    assert (np.diff(means.to_numpy(), axis=1) < 0).all(), means
    assert table["mos"].between(0, 100).all()
    assert table["mos"].max() > 90
    assert table["mos"].min() < 50


@pytest.mark.slow
def test_pictures_are_the_kit_s_distortions_of_the_reference(small_demo):
    root = small_demo
    table = demo.read(root, {})
    for row in table.sample(12, random_state=0).itertuples():
        assert row.reference == f"images/{row.content}.png"
        kind = find(row.distortion)
        assert row.image == f"images/{row.content}_{kind.id:02d}_{row.level:02d}.png"
        reference, picture = (
            np.asarray(Image.open(root / name)) for name in (row.reference, row.image)
        )
        seed = list(demo.PHOTOS).index(row.content)
        np.testing.assert_array_equal(
            picture, distort(reference, row.distortion, row.level, seed=seed)
        )


@pytest.mark.slow
def test_a_second_build_changes_nothing(small_demo):
    root = small_demo
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    demo.build(root, lambda *what: pytest.fail("built again"))
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


def test_an_interrupted_build_leaves_nothing_and_goes_again(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "LONG_SIDE", SMALL)

    def stop(done, total, what):
        assert (total, what) == (320, "building demo")
        if done == 5:
            raise KeyboardInterrupt

    root = tmp_path / "demo"
    with pytest.raises(KeyboardInterrupt):
        demo.build(root, stop)
    assert not root.exists()
    (tmp_path / "demo.part" / "images" / "stray.png").write_bytes(b"")
    with pytest.raises(KeyboardInterrupt):
        demo.build(root, stop)
    assert not (tmp_path / "demo.part" / "images" / "stray.png").exists()


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot build the demo set") as refused:
        demo.build(tmp_path / "file" / "demo")
    assert "IQABENCH_CACHE" in refused.value.hint


def test_a_photograph_that_is_not_shipped(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "PHOTOS", {"cat": "skimage:data/no-such.png"})
    with pytest.raises(DataError, match=r"skimage does not ship data/no-such.png"):
        demo.build(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


@pytest.mark.parametrize("name", demo.PHOTOS)
def test_photographs_ship_with_packages(name):
    picture = demo._photo(demo.PHOTOS[name])
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 3
    assert max(picture.shape) <= demo.LONG_SIDE == 512
    assert min(picture.shape[:2]) >= 224  # room for a crop


@pytest.mark.slow
def test_a_photograph_at_full_size(tmp_path, monkeypatch):
    """One of eight: the whole set takes minutes."""
    monkeypatch.setattr(demo, "PHOTOS", {"coffee": demo.PHOTOS["coffee"]})
    ticks = []
    demo.build(tmp_path / "demo", lambda *what: ticks.append(what))
    assert ticks == [(done, 40, "building demo") for done in range(1, 41)]
    table = demo.read(tmp_path / "demo", {})
    assert Image.open(tmp_path / "demo" / table["image"].iloc[0]).size == (512, 341)
    levels = table.pivot_table(index="distortion", columns="level", values="mos")
    assert levels.shape == (8, 5)
    assert (np.diff(levels.to_numpy(), axis=1) < 0).all(), levels


@pytest.mark.slow
def test_a_session_makes_the_set_in_the_cache(small_demo, session_cache):
    dataset = Session().dataset("demo")
    assert dataset.root == small_demo
    assert small_demo.parent == session_cache / "datasets"
    assert len(dataset.table) == 320
    assert pd.read_csv(small_demo / "labels.csv").shape == (320, 6)
