"""A network as a differentiable measure."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import iqabench
from iqabench import Choices
from iqabench.contract import DataError, UsageError


@pytest.fixture
def path(tmp_path, toy):
    torch.manual_seed(0)
    net = toy.Network(toy.Options())
    save_file(net.state_dict(), tmp_path / "w.safetensors", {"scale": "[20.0, 80.0]"})
    return tmp_path / "w.safetensors"


def scores(path, images, *changes):
    set = [f"toy-network.recipe.{one}" for one in changes]
    choices = Choices(weights=str(path))
    return iqabench.score("toy-network", images, set=set, choices=choices)["score"].to_numpy()


CROPPING = [
    ("test_crops=5",),
    ("test_crops=4", "pool=median"),
    ("crop=none", "test_crop_kind=whole"),
    ("resize_short=50",),
    ("crop=80,90",),
]


@pytest.mark.parametrize("changes", CROPPING)
def test_it_scores_as_score_does_and_gradients_reach_the_pictures(path, changes):
    set = [f"toy-network.recipe.{one}" for one in changes]
    model = iqabench.load("toy-network", weights=str(path), set=set)
    images = torch.rand(3, 3, 60, 70, generator=torch.Generator().manual_seed(1))
    images.requires_grad_()
    found = model(images)
    assert found.shape == (3,)
    assert np.abs(found.detach().numpy() - scores(path, images, *changes)).max() < 1e-4
    found[0].backward()
    assert images.grad[0].abs().sum() > 0
    assert images.grad[1:].abs().sum() == 0


def test_it_improves_a_picture(path):
    model = iqabench.load("toy-network", weights=str(path))
    image = torch.full((1, 3, 32, 32), 0.5, requires_grad=True)
    before = model(image).item()
    optimizer = torch.optim.Adam([image], lr=0.02)
    for _ in range(10):
        optimizer.zero_grad()
        (-model(image).mean()).backward()
        optimizer.step()
    assert model(image).item() > before + 1


def test_it_does_not_change(path):
    model = iqabench.load("toy-network", weights=str(path))
    loss = torch.nn.Sequential(model).train()
    assert not any(part.training for part in model.modules())
    assert all(not one.requires_grad for one in loss.parameters())
    assert (model.name, model.direction) == ("toy-network", "higher")


def test_weights_of_a_job(little, store):
    session = iqabench.Session(little.catalog, store=store)
    results = iqabench.run("toy-network", "little", seeds=1, session=session)
    (fit,) = {one.fit for one in results.store.evaluations()}
    model = iqabench.load("toy-network", weights=f"job:{fit}", session=session)
    image = torch.rand(1, 3, 64, 64)
    choices = Choices(weights=f"job:{fit}")
    (expected,) = iqabench.score("toy-network", image, choices=choices, session=session)["score"]
    assert model(image).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("piqe", "'piqe' is no network"),
        ("toy-guided", "'toy-guided' needs saliency maps"),
        ("biosiqnet-lite-v1", "no published weights are known for 'biosiqnet-lite-v1'"),
    ],
)
def test_what_cannot_be_loaded(path, name, complaint):
    weights = str(path) if name == "toy-guided" else "published"
    with pytest.raises(UsageError, match=complaint):
        iqabench.load(name, weights=weights)


def test_pictures_of_another_shape_are_refused(path):
    model = iqabench.load("toy-network", weights=str(path))
    for shape in ((3, 64, 64), (1, 1, 64, 64), (0, 3, 64, 64)):
        with pytest.raises(UsageError, match="the shape is"):
            model(torch.rand(*shape))
    with pytest.raises(DataError, match="too narrow"):
        model(torch.rand(1, 3, 1, 100_000))
