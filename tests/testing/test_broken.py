"""Every part of tests/broken_plugin.py fails the right check, with a sentence that says why."""

import importlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from iqabench import Session
from iqabench.contract import UnknownNameError, UsageError
from iqabench.kit.foreign import PluginExitError
from iqabench.registry import registry
from iqabench.saliency.providers import computing
from iqabench.testing import (
    BrokenContractError,
    dataset_contract,
    findings,
    lazily,
    model_contract,
    saliency_contract,
)
from iqabench.testing.contracts import check

MODELS = {
    "random": ("deterministic", "one picture has two results: a second call differs by"),
    "neighbours": ("batch equals single", "does a picture look at its neighbours?"),
    "remembers": ("order-independent", "does it remember earlier ones?"),
    "shape": ("output", "score returned shape (1, 1) for pictures of shape (1, 3, 192, 256)"),
    "listed": ("output", "score returned list, not a torch.Tensor"),
    "colours": ("grey pictures", "score returned numbers that are not finite"),
    "blocks": ("odd sizes", "RuntimeError: shape"),
    "huge": ("huge pictures", "MemoryError: no room for so many pixels"),
    "small": ("tiny pictures", "score returned numbers that are not finite"),
    "writes": ("no stray files", "scores.log: write below iqabench.kit.places.cache_dir() only"),
    "asks": ("no network", "it asks for example.org: resolve weights with iqabench.kit.weights"),
    "changes": ("input is left alone", "score changes the pictures that it is given"),
    "far": ("range", "lies outside the range 0 to 1"),
    "leaves": ("output", "PluginExitError: it called sys.exit(3)"),
    "nameless": ("can be built", "Nameless has no method score"),
    "takes": (
        "can be built",
        "takes options (missing a required argument: 'options'), and the card",
    ),
    "missing": ("can be built", "cannot load broken_plugin:NotThere"),
    "hidden": ("can be sent to a worker", "it cannot be pickled"),
    "backwards": (
        "direction",
        "the card says 'higher' is better, but a picture beside itself has 0",
    ),
    "silent": ("card", "it does not give its licence: say under which terms"),
    "studies": ("card", "unknown option of 'studies' 'q'"),
    "detached": ("losses", "no gradient goes from the losses to the parameters"),
    "unlearns": ("losses", "the gradient of the losses is zero for every parameter"),
    "rises": ("learns", "on 8 pictures the loss does not fall in 20 steps"),
    "draws": ("resumes", "training that stops and goes on ends elsewhere"),
    "several": ("losses", "loss 'quality' is no single number, but (8,)"),
    "onesize": ("other crops", "say fixed_crop=True on the card"),
    "nolosses": ("can be built", "NoLosses is no nn.Module with a losses(batch) method"),
    "weighs": ("losses", "the recipe weighs losses that the model does not have: ['x']"),
    "forgets": ("resumes", "after load_state(state()) it predicts other numbers"),
    "mean": ("learns", "it predicts them no better than their mean"),
    "objects": ("resumes", "state() holds 'model', which is no array of numbers"),
    "single": ("output", "features returned float32, not float64"),
}
PROVIDERS = {
    "gaze": ("flat pictures", "a black picture: saliency provider 'gaze' returned a map from nan"),
    "dim": ("output", "returned a map from"),
    "goes": ("output", "PluginExitError: it called sys.exit(6)"),
    "thin": ("output", "saliency provider 'thin' returned a map of shape (1, 192, 256)"),
    "mute": ("card", "it does not give its trained_on: say on what it was trained, or 'nothing'"),
}
SETS = {
    "miscounted": ("counts", "the card says 7 images, and there are 6"),
    "beyond": ("range", "the score 3 lies outside the card's range 0 to 2"),
    "restless": ("deterministic", "the reader returns another table when it is called again"),
    "departed": ("can be read", "its labels cannot be read: it called sys.exit(5)"),
    "misnamed": ("can be read", "lacks ['mos'] and has unknown ['score']"),
    "few-folds": ("contents", "the card asks for 9 folds, and there are 6 contents"),
    "upside-down": ("card", "lower is better and no score_range is given"),
    "unsplit": ("contents", "the table has no official_split"),
}


@pytest.fixture
def broken(monkeypatch, tmp_path):
    """The broken plugin, registered; what it writes lies in no cache."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1]))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path)
    found = registry()
    found.register(importlib.import_module("broken_plugin"), "broken")
    yield
    for shelf in (found.models, found.datasets, found.saliency):
        shelf.remove_plugin("broken")
    del found.plugins["broken"]


def failed(contract, *names, **more):
    """The line of each check that failed, by its name."""
    with pytest.raises(BrokenContractError) as why:
        contract(*names, **more)
    lines = [line.split(": ", 2) for line in str(why.value).splitlines()]
    return {check: sentence for _, check, sentence in lines}


@pytest.mark.parametrize("name", MODELS)
def test_a_broken_model_fails_the_right_check(broken, name):
    check, sentence = MODELS[name]
    assert sentence in failed(model_contract, name).get(check, "nothing")


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_broken_provider_fails_the_right_check(broken, name):
    check, sentence = PROVIDERS[name]
    assert sentence in failed(saliency_contract, name).get(check, "nothing")


@pytest.mark.parametrize("name", SETS)
def test_a_broken_reader_fails_the_right_check(broken, tmp_path, name):
    check, sentence = SETS[name]
    for number in range(6):
        pixels = np.full((16, 16, 3), number, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    rows = [f"{number}.png,{number // 2 + 1}" for number in range(6)]
    (tmp_path / "scores.csv").write_text("\n".join(["image,mos", *rows]) + "\n")
    assert sentence in failed(dataset_contract, name, root=tmp_path).get(check, "nothing")


def test_a_provider_that_ends_the_program_only_fails(broken):
    compute = computing(registry().provider("goes"))
    with pytest.raises(PluginExitError, match="it called sys"):
        compute(torch.rand(3, 8, 8))


@pytest.mark.slow
def test_a_model_that_hangs_is_left_behind(broken, monkeypatch):
    monkeypatch.setattr(findings, "SECONDS", 0.5)
    found = {one.check: one for one in check("hangs")}
    assert found["output"].sentence == "it took longer than 0.5 s: does it hang?"
    assert found["deterministic"].sentence == "not tried, since an earlier check hung"
    assert [one.check for one in found.values() if one.failed] == ["output"]


@pytest.mark.slow
def test_a_plugin_that_imports_torch_to_register_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "heavy_plugin.py").write_text(
        "import torch\n"
        "from iqabench.contract import ModelCard, hookimpl\n"
        "@hookimpl\n"
        "def register_models(register):\n"
        "    register(ModelCard(name='heavy', summary='s', kind='scorer', factory='a:b'))\n"
    )
    info = tmp_path / "heavy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: heavy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[iqabench]\nheavy = heavy_plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry.cache_clear()
    try:
        found = failed(model_contract, "heavy")
    finally:
        registry.cache_clear()
        lazily._heavy.cache_clear()
    assert found["loads lazily"].startswith("importing heavy_plugin imports torch")


def test_a_deprecated_field_is_named_with_what_replaces_it(broken):
    from pydantic import Field

    from iqabench.contract import ModelCard
    from iqabench.testing.cards import check_card

    class Card(ModelCard):
        colour: str = Field("", deprecated="use paint")

    card = Card(name="x", summary="s", kind="scorer", factory="broken_plugin:Scorer", colour="red")
    with pytest.raises(findings.Broken, match="'colour' is deprecated: use paint"):
        check_card(card, registry())


def test_what_is_not_registered_is_one_line():
    with pytest.raises(UnknownNameError, match="unknown model, data set or provider 'brisqe'"):
        check("brisqe")
    with pytest.raises(UnknownNameError):
        model_contract("kadid")
    with pytest.raises(UsageError, match="no data set is checked"):
        check("piqe", root="somewhere")


def test_a_plugin_that_failed_to_load_says_why():
    session = Session()
    session.registry.failures["my_plugin"] = "ValueError: boom"
    try:
        with pytest.raises(UsageError, match="plugin 'my-plugin' failed to load: ValueError: boom"):
            check("my-plugin", session=session)
    finally:
        del session.registry.failures["my_plugin"]
