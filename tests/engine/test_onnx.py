"""Exported networks: the file computes what torch does, and scores without torch."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import iqabench
from iqabench import Choices
from iqabench.contract import Recipe, UsageError, WeightsError
from iqabench.data.given import Given
from iqabench.data.tensors import resized as by_torch
from iqabench.engine.crops import test_views as torch_views
from iqabench.engine.onnx_facts import IMAGES, MAP, SCORES
from iqabench.engine.onnx_judge import OnnxJudge, resized, session, views
from iqabench.engine.torch_judge import TorchJudge
from iqabench.kit.download import sha256
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.store import Store

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
SIZES = ((50, 70), (120, 90), (65, 300))
FORMS = {
    "lite": ("biosiqnet-lite", ()),
    "pooled": (
        "biosiqnet-lite",
        ("head=pooled", "fusion_start=1", "recipe.test_crop_kind=grid", "recipe.test_crops=5"),
    ),
    "whole": ("biosiqnet-lite", ("recipe.crop=none", "recipe.test_crop_kind=whole")),
    "reduced": ("biosiqnet-lite", ("recipe.crop=none", "recipe.max_pixels=9216")),
    "short": (
        "biosiqnet-lite",
        ("recipe.resize_short=96", "recipe.test_crop_kind=grid", "recipe.test_crops=4"),
    ),
    "random": (
        "biosiqnet-lite",
        ("recipe.test_crop_kind=random", "recipe.test_crops=4", "recipe.pool=median"),
    ),
    "transformer": ("biosiqnet", ()),
    "tiqa": ("tiqa-lite", ()),
}
"""Name -> model and changes. The last two are traced at one size; of tiqa, one crop at a time."""


def picture(height, width, seed=0):
    values = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Given(f"{width}x{height}", pixels=values).read()


def changes(model, given):
    return [f"{model}.{one}" for one in given]


def weights(model, path, set=()):
    """Weights of a tiny random network, as a fit would leave them."""
    (request,) = resolve(registry(), [model], set, Choices(tiny=True, init="random"))
    torch.manual_seed(0)
    net = request.build()
    for layer in net.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
    if hasattr(
        getattr(net, "head", None), "coefficients"
    ):  # a ridge regression that was not fitted yet
        net.head.coefficients.normal_(0, 0.01)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    save_file(state, path, {"scale": "[10.0, 90.0]"})
    return Choices(weights=str(path), tiny=True)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Exports each form once: the file, its metadata and the same model in torch."""
    made = {}

    def get(form):
        if form not in made:
            folder = tmp_path_factory.mktemp(form)
            model, given = FORMS[form]
            set = changes(model, given)
            choices = weights(model, folder / "w.safetensors", set)
            facts = iqabench.export_onnx(model, folder / "m.onnx", set=set, choices=choices)
            (request,) = resolve(registry(), [model], set, choices)
            made[form] = folder / "m.onnx", facts, TorchJudge(request, Store(folder / "none"))
        return made[form]

    return get


@pytest.mark.parametrize("form", FORMS)
def test_scores_and_maps_are_those_of_torch(exported, form):
    path, _, ours = exported(form)
    theirs = OnnxJudge(path)
    scores = []
    for size in SIZES:
        shown = picture(*size)
        scores.append(ours.score(shown, None).score)
        assert theirs.score(shown, None).score == pytest.approx(scores[-1], abs=80e-5)  # of 80
        found, expected = theirs.maps(shown), ours.maps(shown)
        assert list(found) == list(expected) == ([] if form == "tiqa" else ["low", "high"])
        for name, plane in expected.items():
            assert found[name].shape == plane.shape
            assert np.abs(found[name] - plane).max() < 1e-4
    assert len(set(scores)) == len(SIZES)


@pytest.mark.parametrize("shape", [(1, 32, 32), (4, 65, 131), (2, 200, 96)])
def test_batch_height_and_width_are_dynamic(exported, shape):
    path, facts, ours = exported("lite")
    images = np.random.default_rng(0).random((shape[0], 3, *shape[1:]), np.float32)
    scores, *maps = session(path).run(None, {IMAGES: images})
    assert facts["maps"] == ["low", "high"]
    assert [one.shape for one in maps] == [(shape[0], 1, *shape[1:])] * 2
    with torch.inference_mode():
        network = ours._ready.network
        expected = network(torch.from_numpy(images) * 2 - 1)  # the recipe's mean and std are .5
    assert np.abs(scores - expected.numpy()).max() < 1e-4


def test_the_file_says_what_scoring_needs(exported):
    import onnx

    path, facts, _ = exported("random")
    props = {one.key: json.loads(one.value) for one in onnx.load(path).metadata_props}
    assert {f"iqabench.{key}": value for key, value in facts.items()} == props
    assert (facts["name"], facts["direction"]) == ("biosiqnet-lite", "higher")
    assert (facts["low"], facts["high"]) == (10, 90)
    assert facts["sha256"] == sha256(path.with_name("w.safetensors"))
    recipe = facts["recipe"]
    assert (recipe["crop"], recipe["test_crops"], recipe["pool"]) == ([64, 64], 4, "median")
    names = [one.name for one in onnx.load(path).graph.output]
    assert names == [SCORES, f"{MAP}low", f"{MAP}high"]


@pytest.mark.parametrize("size", [(30, 41), (64, 96), (300, 20), (33, 200)])
def test_pictures_are_resized_as_torch_does(size):
    image = np.random.default_rng(1).random((3, 64, 96), np.float32)
    expected = by_torch(torch.from_numpy(image), size).numpy()
    assert np.abs(resized(image, size) - expected).max() < 2e-5


@pytest.mark.parametrize(
    "fields",
    [
        {"crop": None},
        {"crop": (48, 40), "test_crops": 5},
        {"crop": (48, 40), "test_crops": 6, "resize_short": 60},
        {"crop": (100, 90), "test_crops": 3, "test_crop_kind": "random"},
    ],
)
def test_crops_are_those_of_torch(fields):
    recipe = Recipe(**fields)
    facts = type("Facts", (), {"recipe": recipe})
    image = np.random.default_rng(1).random((3, 64, 96), np.float32)
    ours = torch_views(torch.from_numpy(image), recipe, (0, 7)).numpy()
    theirs = views(image, facts, (0, 7))
    assert theirs.shape == ours.shape
    assert np.abs(theirs - ours).max() < 2e-5


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("piqe", "'piqe' is no network"),
        ("toy-guided", "'toy-guided' needs saliency maps"),
        ("toy-random", "'toy-random' cannot be exported: its file differs from it by"),
    ],
)
def test_what_cannot_be_exported_is_refused_and_leaves_no_file(tmp_path, toy, model, complaint):
    class Random(toy.Network):
        def forward(self, images):
            return super().forward(images) + float(torch.rand(1))

    toy.Random = Random
    card = registry().models.cards["toy-network"]
    if model == "toy-random":
        update = {"name": model, "factory": "toy_plugin:Random"}
        registry().models.add(card.model_copy(update=update), "toy")
    save_file(toy.Network(toy.Options()).state_dict(), tmp_path / "w.safetensors")
    choices = None if model == "piqe" else Choices(weights=str(tmp_path / "w.safetensors"))
    with pytest.raises(UsageError, match=complaint):
        iqabench.export_onnx(model, tmp_path / "m.onnx", choices=choices)
    assert [one.name for one in tmp_path.iterdir()] == ["w.safetensors"]


def test_files_of_others_and_damaged_ones_are_refused(tmp_path, exported, command):
    import onnx

    (tmp_path / "a.onnx").write_text("no graph")
    graph = onnx.load(exported("lite")[0])
    del graph.metadata_props[:]
    onnx.save(graph, tmp_path / "b.onnx")
    for name, complaint in (
        ("a.onnx", "is no ONNX file"),
        ("b.onnx", "is not exported by iqabench"),
        ("c.onnx", "No such file"),
    ):
        with pytest.raises(WeightsError, match=complaint):
            OnnxJudge(tmp_path / name)
        code, _, told = command(
            "score", "--backend", "onnx", "--weights", tmp_path / name, tmp_path
        )
        assert code == 2 and complaint in told and "hint: " in told


BLOCKED = """
import sys
HEAVY = ("torch", "pandas", "scipy", "lightning", "timm", "sklearn")
for name in (*HEAVY, "iqabench.protocols.plan"):  # what plans runs takes a tenth of the start
    sys.modules[name] = None  # which makes `import name` fail
from iqabench.cli import main
main()
"""


def test_an_exported_file_scores_where_torch_cannot_be_imported(tmp_path, exported):
    path, _, ours = exported("lite")
    shown = picture(120, 90)
    Image.fromarray(shown.pixels).save(tmp_path / "a.png")
    words = ["score", tmp_path / "a.png", "--backend", "onnx", "--weights", path, "--quiet"]
    (tmp_path / "home").mkdir()
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home")}
    for more in (["--format", "json"], ["-o", tmp_path / "page.html"]):
        given = [sys.executable, "-c", BLOCKED, *map(str, [*words, *more])]
        done = subprocess.run(given, capture_output=True, text=True, env=os.environ | home)
        assert done.returncode == 0, done.stderr
        if more[0] == "--format":
            (row,) = json.loads(done.stdout)
    assert list((tmp_path / "home").iterdir()) == []  # onnxruntime would note every session
    assert row["model"] == "biosiqnet-lite"
    assert row["score"] == pytest.approx(ours.score(shown, None).score, abs=80e-6)
    assert '"low": "data:image/webp' in (tmp_path / "page.html").read_text("utf-8")
    with pytest.raises(AssertionError, match="torch"):  # the block works
        given = [sys.executable, "-c", BLOCKED, "score", "piqe", str(tmp_path / "a.png")]
        done = subprocess.run(given, capture_output=True, text=True, env=os.environ)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "--backend onnx scores with an exported file"),
        (["--weights", "{file}", "--set", "biosiqnet-lite.threshold=100"], "has its options"),
        (["--weights", "{file}", "--precision", "bf16"], "has its options"),
        (["--weights", "{file}", "--models", "piqe"], "holds biosiqnet-lite, not piqe"),
        (["--weights", "{file}", "--reference", "a.png"], "biosiqnet-lite needs no reference"),
    ],
)
def test_what_an_exported_file_cannot_do(tmp_path, exported, command, words, complaint):
    Image.fromarray(picture(64, 64).pixels).save(tmp_path / "a.png")
    given = [str(word).format(file=exported("lite")[0]) for word in words]
    code, _, told = command("score", "--backend", "onnx", tmp_path / "a.png", *given)
    assert code == 2
    assert complaint in told and "hint: " in told


def test_the_model_may_be_named_and_must_be_the_files(tmp_path, exported, command):
    Image.fromarray(picture(64, 64).pixels).save(tmp_path / "a.png")
    given = ["--backend", "onnx", "--weights", exported("lite")[0], tmp_path / "a.png", "--quiet"]
    assert command("score", "biosiqnet-lite", *given)[0] == 0
    code, _, told = command("score", "brisque", *given)
    assert code == 2 and "holds biosiqnet-lite, not brisque" in told


def test_the_command_writes_the_file(tmp_path, little, command, toy):
    save_file(toy.Network(toy.Options()).state_dict(), tmp_path / "w.safetensors")
    given = ["export", "toy-network", "--weights", tmp_path / "w.safetensors"]
    code, _, told = command(*given, "-o", tmp_path / "m.onnx")
    assert (code, told) == (0, f"wrote {tmp_path / 'm.onnx'}: toy-network\n")
    code, _, told = command(*given, "-o", tmp_path / "none" / "m.onnx")
    assert code == 2 and "no such folder" in told
    words = ["score", little.root, "--backend", "onnx", "--weights", tmp_path / "m.onnx"]
    code, printed, _ = command(*words, "--format", "json", "--quiet")
    found = {row["path"]: row["score"] for row in json.loads(printed)}
    words = ["score", "toy-network", little.root, "--weights", tmp_path / "w.safetensors"]
    code, printed, _ = command(*words, "--format", "json", "--quiet")
    expected = {row["path"]: row["score"] for row in json.loads(printed)}
    assert found == pytest.approx(expected, abs=1e-5)
