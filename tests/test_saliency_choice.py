"""Whose saliency maps a model learns from, and what fingerprints and tables say of it."""

import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from iqabench.api import running
from iqabench.api.results import Results
from iqabench.api.session import Session
from iqabench.contract import DataError
from iqabench.protocols.choices import Choices
from iqabench.protocols.job_weights import provider_of
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.store.records import ProviderIdentity

pytestmark = pytest.mark.usefixtures("toy", "one_thread")


@pytest.fixture
def mapped(little, tmp_path):
    """The small set with a map of every image, which is bright at the left."""
    root = tmp_path / "mapped"
    shutil.copytree(little.root, root)
    table = pd.read_csv(root / "scores.csv")
    Image.fromarray(np.tile(np.linspace(255, 0, 20), (24, 1)).astype(np.uint8)).save(root / "m.png")
    table.assign(map="m.png").to_csv(root / "scores.csv", index=False)
    text = little.catalog.read_text()
    catalog = tmp_path / "mapped.yaml"
    catalog.write_text(
        text.replace(str(little.root), str(root)).replace(
            "{image: file", "{saliency: map, image: file"
        )
    )
    return catalog


def plan(catalog, model="toy-guided", **choices):
    return running.plan(
        [model], ["little"], seeds=1, choices=Choices(**choices), session=Session(catalog)
    )


def saliency(catalog, **more):
    return {evaluation.saliency for evaluation in plan(catalog, **more).evaluations}


def test_the_sets_own_maps_go_before_the_models_choice(little, mapped):
    assert saliency(mapped) == {"groundtruth"}
    assert saliency(little.catalog) == {"spectral-residual"}


def test_a_provider_that_is_named_goes_before_the_sets_own(mapped):
    assert saliency(mapped, saliency="center:sigma=0.3") == {"center:sigma=0.3"}
    assert saliency(mapped, saliency="spectral-residual") == {"spectral-residual"}
    assert saliency(mapped, model="brisque") == {"-"}


def test_some_maps_are_not_enough(mapped):
    root = Session(mapped).catalog.get("little").root
    table = pd.read_csv(root / "scores.csv")
    table.loc[3, "map"] = None
    table.to_csv(root / "scores.csv", index=False)
    assert saliency(mapped) == {"spectral-residual"}
    with pytest.raises(DataError, match="1 of 36 images have no saliency map by 'groundtruth'"):
        saliency(mapped, saliency="groundtruth")


def test_naming_what_a_set_lacks_is_refused_before_any_job(iqabench, little, tmp_path):
    code, _, complaint = iqabench(
        "run", "--models", "toy-guided", "--datasets", "little", "--catalog", little.catalog,
        "--saliency", "groundtruth", "--store", tmp_path / "store", "--quiet",
    )  # fmt: skip
    assert code == 2
    assert len(complaint) == 2
    assert "36 of 36 images have no saliency map by 'groundtruth'" in complaint[0]
    assert not (tmp_path / "store").exists()


def test_fingerprints_follow_provider_options_and_map_files(mapped):
    def jobs(**more):
        return {job.fingerprint for job in plan(mapped, **more).jobs}

    own = jobs()
    assert jobs() == own
    assert jobs(saliency="groundtruth") == own
    centre, wider = jobs(saliency="center"), jobs(saliency="center:sigma=0.3")
    assert not own & centre
    assert not wider & centre
    assert jobs(saliency="center:sigma=0.19") == centre
    root = Session(mapped).catalog.get("little").root
    Image.fromarray(np.full((24, 20), 9, np.uint8)).save(root / "m.png")
    assert not jobs() & own


def test_a_run_with_options_is_told_apart_in_the_leaderboard(little, tmp_path):
    for text in ("center", "shuffled:seed=1:of=center:sigma=0.3"):
        outcome = running.run(
            ["toy-guided"],
            ["little"],
            seeds=1,
            set=["toy-guided.recipe.epochs=1", "toy-guided.recipe.average=0.5"],
            choices=Choices(saliency=text),
            session=Session(little.catalog, store=tmp_path / "store"),
        )
        assert outcome.leaderboard()["failed"].sum() == 0
    board = Results(Session(store=tmp_path / "store")).leaderboard()
    assert set(board["saliency"]) == {"center", "shuffled:seed=1:of=center:sigma=0.3"}
    assert board["config"].nunique() == 2
    assert (board["coverage"] == 1).all()


def test_a_stranger_s_bad_map_fails_its_job_by_name(little, tmp_path):
    results = running.run(
        ["toy-guided"],
        ["little"],
        seeds=1,
        choices=Choices(saliency="toy-gaze:fault=dim"),
        session=Session(little.catalog, store=tmp_path / "store"),
    )
    errors = {job.record.error for job in results.store.jobs() if not job.done}
    assert any("saliency provider 'toy-gaze' returned a map from" in error for error in errors)


@pytest.mark.parametrize("text", ["groundtruth", "shuffled"])
def test_loose_pictures_have_no_maps_of_a_set(iqabench, little, tmp_path, text):
    torch = pytest.importorskip("torch")
    (request,) = resolve(registry(), ["toy-guided"], [], Choices())
    torch.save(request.build().state_dict(), tmp_path / "w.pth")
    code, _, complaint = iqabench(
        "score", "toy-guided", little.root / "c0.png", "--weights", tmp_path / "w.pth",
        "--saliency", text,
    )  # fmt: skip
    assert code == 2
    assert complaint == [
        f"error: saliency provider '{text}' has maps of data sets' pictures only",
        "hint: name one that computes them, such as spectral-residual",
    ]


def test_a_model_that_needs_no_maps_any_more_asks_for_none():
    learnt = SimpleNamespace(provider=ProviderIdentity(provider="folder", options={"root": "1a"}))
    fit = SimpleNamespace(maps=learnt)
    assert provider_of(fit, registry().model("biosiqnet-v1"), registry()) is None
