"""Sheets of a network's Grad-CAM, predicted maps and true maps."""

import numpy as np
import pytest
import torch
from PIL import Image

import iqabench as package
from iqabench import Choices, Session
from iqabench.contract import UsageError
from iqabench.engine.explain import explain
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.saliency.picture_maps import map_of
from iqabench.store import Store

pytest.importorskip("pytorch_grad_cam")
pytestmark = pytest.mark.usefixtures("one_thread")

SIDE = 64
THRESHOLD = 120


def true_map(number):
    """(SIDE, SIDE) uint8: a ramp to 255 along one side of the picture."""
    ramp = np.linspace(0, 255, SIDE).round().astype(np.uint8)
    return np.tile(ramp, (SIDE, 1)) if number % 2 else np.tile(ramp[:, None], (1, SIDE))


@pytest.fixture(scope="module")
def gazed(tmp_path_factory):
    """A data set of six contents that ships a saliency map of every picture; only read it."""
    folder = tmp_path_factory.mktemp("explain")
    root, random = folder / "gazed", np.random.default_rng(0)
    (root / "maps").mkdir(parents=True)
    lines = ["image,ref_id,mos,saliency"]
    for number in range(6):
        pixels = random.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / f"p{number}.png")
        Image.fromarray(true_map(number)).save(root / "maps" / f"p{number}.png")
        lines.append(f"p{number}.png,c{number},{number},maps/p{number}.png")
    (root / "manifest.csv").write_text("\n".join(lines) + "\n")
    catalog = folder / "gazed.yaml"
    catalog.write_text(f"datasets:\n  gazed: {{reader: cuid, root: {root}}}\n")
    return root, catalog


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for the tests of this file, which only read what ``fitted`` puts there."""
    return tmp_path_factory.mktemp("results") / "store"


@pytest.fixture(scope="module")
def fitted(gazed, store, one_thread):
    """The fit job of a network that has learnt one epoch."""
    overrides = ["biosiqnet-lite.recipe.epochs=1"]
    choices = Choices(init="random", tiny=True)
    session = Session(gazed[1], store=store)
    package.run("biosiqnet-lite", "gazed", seeds=1, set=overrides, choices=choices, session=session)
    (job,) = [one for one in Store(store).jobs() if one.record.identity.kind == "fit"]
    return f"job:{job.fingerprint}"


def explained(gazed, store, fitted, provider):
    session = Session(gazed[1], store=store)
    overrides = ["biosiqnet-lite.recipe.crop=64,64"]
    choices = Choices(weights=fitted)
    (request,) = resolve(registry(), ["biosiqnet-lite"], overrides, choices, store=Store(store))
    maps = map_of(registry().provider(provider), session.place_of)
    (found,) = explain(request, maps, [gazed[0] / "p1.png"], Store(store), "true")
    return found


def test_predicted_maps_stand_beside_the_true_ones(gazed, store, fitted):
    found = explained(gazed, store, fitted, "groundtruth")
    titles = ["true", "predicted low", "true low", "predicted high", "true high"]
    assert list(found.maps) == titles
    ramp = true_map(1)  # the map of this picture and of no other
    np.testing.assert_allclose(found.maps["true"], ramp / 255, atol=1e-3)
    high, low = ramp * (ramp >= THRESHOLD), ramp * (ramp < THRESHOLD)
    np.testing.assert_allclose(found.maps["true high"], high / high.max(), atol=1e-2)
    np.testing.assert_allclose(found.maps["true low"], low / low.max(), atol=1e-2)
    for title in titles:
        assert found.maps[title].shape == found.cam.shape == (SIDE, SIDE)


def test_maps_of_other_pictures_serve_too(gazed, store, fitted):
    found = explained(gazed, store, fitted, "shuffled:of=groundtruth")
    others = [true_map(number) / 255 for number in (0, 1)]
    assert min(np.abs(found.maps["true"] - other).max() for other in others) < 1e-3


def test_a_sheet_from_the_command_line(iqabench, gazed, store, fitted, tmp_path):
    root, catalog = gazed
    asked = ["biosiqnet-lite", root / "p1.png", root / "p2.png", "--weights", fitted]
    where = ["--store", store, "--catalog", catalog, "-o", tmp_path / "drawn"]
    code, _, said = iqabench("explain", *asked, *where, "--saliency", "groundtruth")
    assert code == 0, said
    # Seven panels: picture, Grad-CAM, true, and low and high predicted and true.
    width, height = Image.open(tmp_path / "drawn" / "001-p1.png").size
    assert width / 7 < height < width / 3


def test_a_sheet_names_the_provider_and_says_what_bright_means(
    iqabench, gazed, store, fitted, tmp_path, monkeypatch
):
    drawn = []
    monkeypatch.setattr("iqabench.report.sheets.sheet", lambda *given: drawn.append(given))
    asked = ["biosiqnet-lite", gazed[0] / "p1.png", "--weights", fitted, "--store", store]
    code, _, said = iqabench("explain", *asked, "--saliency", "center", "-o", tmp_path / "o")
    assert code == 0, said
    for _, _, title, note in drawn:
        assert title == "biosiqnet-lite, saliency: center"
        assert "Grad-CAM: bright places raise the predicted quality" in note
        assert "Low and high: the parts of the saliency map below and above a threshold" in note
    ((panels,), *_) = drawn[0]
    assert [name for name, _ in panels][1:3] == ["Grad-CAM", "center"]


def test_a_picture_of_no_data_set_has_no_true_map(iqabench, gazed, store, fitted, tmp_path):
    Image.new("RGB", (SIDE, SIDE)).save(tmp_path / "loose.png")
    asked = ["biosiqnet-lite", tmp_path / "loose.png", "--weights", fitted, "--store", store]
    code, _, said = iqabench("explain", *asked, "--saliency", "groundtruth", "-o", tmp_path / "o")
    assert code == 1
    assert "loose.png" in said[0] and "lies in no data set's folder" in said[0]


def test_a_folder_of_maps_serves_loose_pictures(gazed, tmp_path):
    (tmp_path / "maps").mkdir()
    Image.fromarray(true_map(0)).save(tmp_path / "maps" / "loose.png")
    provider = registry().provider(f"folder:root={tmp_path / 'maps'}")
    found = map_of(provider, Session().place_of)(tmp_path / "loose.png", torch.zeros(3, SIDE, SIDE))
    np.testing.assert_allclose(found[0].numpy(), true_map(0) / 255, atol=1e-3)


def test_the_innermost_data_set_has_the_picture(gazed, tmp_path):
    root, catalog = gazed
    session = Session(catalog)
    dataset, name = session.place_of(root / "p3.png")
    assert (dataset.name, name) == ("gazed", "p3.png")
    (root / "other.png").touch()
    with pytest.raises(UsageError, match=r"other\.png is not in gazed"):
        session.place_of(root / "other.png")
    (root / "other.png").unlink()
