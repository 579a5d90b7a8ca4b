"""Pictures of odd shapes cost no more memory than others: they are scored, or refused by name."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from toy_plugin import Network, Options

import iqabench
from iqabench import Choices, Session
from iqabench.contract import DataError, Recipe
from iqabench.engine import crops
from iqabench.registry import registry
from iqabench.saliency.providers import computing

NARROW = [(1, 5000), (5000, 1), (2, 20000), (20000, 2)]
"""(height, width)"""


def save(path, height, width):
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize(
    ("size", "fitted"),
    [
        ((384, 512), (384, 512)),
        ((1, 1), (224, 224)),
        ((7, 5), (314, 224)),
        ((32, 2000), (224, 14000)),  # 3.1 million pixels
        ((150, 20000), (224, 29867)),  # 6.7 million, of 3 million
        ((4000, 6000), (4000, 6000)),
        ((300, 400_000), (300, 400_000)),
    ],
)
def test_what_fits_is_fitted_as_ever(size, fitted):
    assert crops.fitted_size(*size, Recipe(crop=(224, 224))) == fitted


@pytest.mark.parametrize("size", [*NARROW, (90, 1_000_000)])
@pytest.mark.parametrize("fields", [{"crop": (224, 224)}, {"crop": None, "resize_short": 384}])
def test_what_would_become_huge_is_refused(size, fields):
    with pytest.raises(DataError, match=f"{size[1]}x{size[0]} pixels is too narrow"):
        crops.fitted_size(*size, Recipe(**fields))


def test_a_narrow_picture_is_a_row_that_says_so(tmp_path):
    save_file(Network(Options()).state_dict(), tmp_path / "toy.safetensors")
    paths = [save(tmp_path / f"{h}x{w}.png", h, w) for h, w in [(1, 1), (48, 64), *NARROW]]
    found = iqabench.score(
        "toy-network",
        paths,
        set="toy-network.recipe.crop=224,224",
        choices=Choices(weights=str(tmp_path / "toy.safetensors")),
    )
    assert list(found["score"].notna()) == [True, True, False, False, False, False]
    assert found["error"][2] == (
        "the picture of 5000x1 pixels is too narrow: as large as the recipe wants it, "
        "it would have 1120000x224"
    )


@pytest.mark.parametrize("part", ["train", "validation"])
def test_a_fit_with_a_narrow_picture_fails_before_its_first_epoch(
    little, store, made, part, tmp_path, monkeypatch
):
    from iqabench.engine import training
    from iqabench.store import Store

    root = shutil.copytree(little.root, tmp_path / "own")
    little.catalog.write_text(little.catalog.read_text().replace(str(little.root), str(root)))
    monkeypatch.setattr(training, "fit_network", lambda course: pytest.fail("it trained"))
    plan = iqabench.plan(
        "toy-network",
        "little",
        seeds=1,
        session=Session(little.catalog, store=store),
    )
    (evaluation,) = plan.evaluations
    table = evaluation.test.table
    contents = getattr(evaluation.part.split, part)
    name = table.loc[table["content"].isin(contents), "image"].iloc[0]
    save(root / name, 1, 5000)
    failed = Store(store).job(made("toy-network").predict.fit.fingerprint)
    assert f"{name}: the picture of 5000x1 pixels is too narrow" in failed.record.error


def test_explain_refuses_a_narrow_picture_by_name(tmp_path, monkeypatch):
    pytest.importorskip("pytorch_grad_cam")
    monkeypatch.setattr(Network, "cam_layers", lambda self: [self.body[0]], raising=False)
    save_file(Network(Options()).state_dict(), tmp_path / "toy.safetensors")
    paths = [save(tmp_path / f"{h}x{w}.png", h, w) for h, w in [(48, 64), (1, 5000)]]
    found = iqabench.explain(
        "toy-network",
        paths,
        tmp_path / "out",
        choices=Choices(weights=str(tmp_path / "toy.safetensors")),
        set="toy-network.recipe.crop=224,224",
    )
    told = [error for _, error in found]
    assert told[0] is None
    assert "1x5000.png: the picture of 5000x1 pixels is too narrow" in told[1]


@pytest.mark.parametrize("size", [(1, 1), *NARROW])
@pytest.mark.parametrize("name", ["spectral-residual", "itti-koch", "readout", "center", "uniform"])
def test_every_provider_has_a_map_of_any_shape(name, size):
    image = torch.from_numpy(np.random.default_rng(0).random((3, *size), np.float32))
    found = computing(registry().provider(name))(image)
    assert found.shape == (1, *size)
    assert math.isclose(float(found.max()), 1, abs_tol=1e-3)


CHILD = """
import json, resource, sys
import numpy as np, torch
from toy_plugin import Network, Options
from iqabench.contract import DataError, Recipe
from iqabench.engine.network_score import NetworkScore
from iqabench.registry import registry
from iqabench.saliency.providers import computing

model = Network(Options()).eval()
recipe = Recipe(crop=(224, 224), test_crops=5)
maps = [computing(registry().provider(name)) for name in ("spectral-residual", "itti-koch")]

def peak(size):
    picture = torch.from_numpy(np.random.default_rng(0).random((3, *size), np.float32))
    for compute in maps:
        compute(picture)
    try:
        NetworkScore(model, recipe, lambda _: picture, lambda _: "0", "cpu", "fp32", 0)("a")
    except DataError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(json.dumps([peak(size) for size in json.loads(sys.argv[1])]))
"""


@pytest.mark.slow
def test_odd_shapes_take_no_more_memory_than_a_photo():
    """Peaks in MiB, in a process of its own; a photo of 12 million pixels comes first."""
    sizes = [(3000, 4000), (1, 1), *NARROW]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, json.dumps(sizes)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    photo, *odd = json.loads(done.stdout)
    assert max(odd) <= photo + 64
