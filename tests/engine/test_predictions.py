import hashlib
import math

import numpy as np
import pytest
import torch
from torch import nn

from iqabench.contract import Recipe, ScoreError
from iqabench.data.tensors import picture_tensor
from iqabench.engine import crops as cropping
from iqabench.engine.network_score import NetworkScore
from iqabench.engine.one_by_one import predictions
from iqabench.engine.predictions import dataset_planes, scorer_score, single
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource

NAME = "c3_2.png"
HALF = {"mean": (0.5, 0.4, 0.3), "std": (0.1, 0.2, 0.4)}


def outputs(function):
    """A network that computes ``function``."""

    class Net(nn.Module):
        def forward(self, *inputs):
            return function(*inputs)

    return Net()


def score(model, recipe, dataset, maps=None, seed=0):
    return scoring(model, recipe, dataset, maps, seed)(NAME)


def scoring(model, recipe, dataset, maps=None, seed=0):
    planes, content_of = dataset_planes(dataset, maps), dataset.image_hashes.__getitem__
    return NetworkScore(model, recipe, planes, content_of, "cpu", "fp32", seed)


def test_pictures_fail_one_by_one():
    scores = {"a": 1.5, "b": math.nan, "c": math.inf, "e": -2.0}
    found = list(predictions(list("abcde"), scores.__getitem__))
    assert [row.image for row in found] == list("abcde")
    np.testing.assert_array_equal(
        [row.prediction for row in found], [1.5, np.nan, np.nan, np.nan, -2]
    )
    assert [row.error for row in found] == [
        None,
        "ScoreError: the score is nan",
        "ScoreError: the score is inf",
        "KeyError: 'd'",
        None,
    ]
    assert all(row.seconds is None for row in found)  # no model worked


def test_an_interrupt_is_no_failed_picture():
    def interrupt(name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(predictions(["a"], interrupt))


@pytest.mark.parametrize("scores", [torch.tensor([3.0]), torch.tensor([[3.0]]), 3, np.ones(1) * 3])
def test_single(scores):
    assert single(scores) == 3.0


@pytest.mark.parametrize("scores", [torch.zeros(2), torch.zeros(0), torch.zeros(1, 3)])
def test_several_scores_for_one_picture_are_refused(scores):
    with pytest.raises(ScoreError, match="one picture"):
        single(scores)


@pytest.mark.parametrize("kind", ["grid", "random"])
@pytest.mark.parametrize("crops", [1, 4, 5])
@pytest.mark.parametrize(("pool", "pooled"), [("mean", np.mean), ("median", np.median)])
def test_crops_are_normalised_and_pooled(dataset, kind, crops, pool, pooled):
    recipe = Recipe(crop=(32, 48), test_crops=crops, test_crop_kind=kind, pool=pool, **HALF)
    model = outputs(lambda images: images.mean((2, 3)) @ torch.tensor([1.0, -2.0, 3.0]))
    found = score(model, recipe, dataset, seed=7)
    content = (dataset.root / NAME).read_bytes()
    key = (7, int.from_bytes(hashlib.blake2b(content, digest_size=16).digest()))
    crop = cropping.test_views(dataset_planes(dataset)(NAME), recipe, key).numpy()
    assert crop.shape == (crops, 3, 32, 48)
    normal = (crop.mean((2, 3)) - HALF["mean"]) / HALF["std"]
    assert found == pytest.approx(float(pooled(normal @ [1, -2, 3])), abs=1e-5)


def test_random_crops_depend_on_seed_and_picture_alone(dataset):
    recipe = Recipe(crop=(32, 32), test_crops=2, test_crop_kind="random")
    model = outputs(lambda images: images.mean((1, 2, 3)))
    first = scoring(model, recipe, dataset, seed=1)
    first("c0_1.png")
    assert first(NAME) == score(model, recipe, dataset, seed=1)
    assert first(NAME) != score(model, recipe, dataset, seed=2)


def test_maps_are_cropped_with_the_picture(dataset):
    maps = MapSource(registry().provider("spectral-residual"))
    maps.make(dataset, [NAME])
    recipe = Recipe(crop=(32, 32), test_crops=5, mean=(0.5,) * 3, std=(0.5,) * 3)
    model = outputs(lambda images, saliency: (images * saliency).mean((1, 2, 3)))
    planes = torch.cat(
        [picture_tensor(dataset, NAME).float() / 255, cropping.map_tensor(dataset, NAME, maps)]
    )
    assert torch.equal(dataset_planes(dataset, maps)(NAME), planes)
    crop = cropping.test_views(planes, recipe).numpy()
    expected = ((2 * crop[:, :3] - 1) * crop[:, 3:]).mean((1, 2, 3)).mean()
    assert score(model, recipe, dataset, maps) == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("shape", [(2, 1), (3,), ()])
def test_a_wrong_shape_is_named(dataset, shape):
    recipe = Recipe(crop=(32, 32), test_crops=2, test_crop_kind="random")
    with pytest.raises(ScoreError, match=r"returned shape \(.*\) for 2 crops"):
        score(outputs(lambda images: torch.zeros(shape)), recipe, dataset)


def test_bf16_rounds(dataset):
    layer = nn.Linear(3 * 32 * 32, 1)
    model = outputs(lambda images: layer(images.flatten(1))[:, 0])
    planes, content_of = dataset_planes(dataset), dataset.image_hashes.__getitem__
    exact, rounded = (
        NetworkScore(model, Recipe(crop=(32, 32)), planes, content_of, "cpu", precision, 0)(NAME)
        for precision in ("fp32", "bf16")
    )
    assert 0 < abs(exact - rounded) < 0.02


class Difference:
    """A full-reference measure."""

    def score(self, images, references):
        return (images - references).abs().mean((1, 2, 3))


def test_full_reference_scorers_get_the_reference(dataset):
    references = dict(zip(dataset.table["image"], dataset.table["reference"], strict=True))
    found = scorer_score(Difference(), dataset_planes(dataset), references)(NAME)
    pair = [picture_tensor(dataset, name).numpy() / 255.0 for name in (NAME, "c3.png")]
    assert found == pytest.approx(float(np.abs(pair[0] - pair[1]).mean()), abs=1e-6)
    assert found > 0


def test_scorers_see_one_whole_picture(dataset):
    class Size:
        def score(self, images):
            assert images.dtype == torch.float32
            assert float(images.max()) <= 1
            return torch.tensor(
                [images.shape[0] * 10_000 + images.shape[2] * 100 + images.shape[3]]
            )

    assert scorer_score(Size(), dataset_planes(dataset))(NAME) == 10_000 + 80 * 100 + 96


def test_scorers_run_without_gradients(dataset):
    class Mean:
        def score(self, images):
            assert not torch.is_grad_enabled()
            return images.mean((1, 2, 3))

    assert 0 < scorer_score(Mean(), dataset_planes(dataset))(NAME) < 1


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (SystemExit(0), "SystemExit: 0"),
        (OSError("image file is truncated"), "OSError: image file is truncated"),
        (FileNotFoundError(2, "No such file"), "FileNotFoundError: [Errno 2] No such file"),
    ],
)
def test_what_a_model_does_fails_its_picture(problem, error):
    def score(name):
        if name == "bad":
            raise problem
        return 1.0

    found = list(predictions(["good", "bad", "next"], score))
    assert [row.error for row in found] == [None, error, None]


@pytest.mark.parametrize("problem", [MemoryError(), OSError(28, "No space left on device")])
def test_what_the_machine_does_is_no_fault_of_the_picture(problem):
    def score(name):
        raise problem

    with pytest.raises(type(problem)):
        list(predictions(["a", "b"], score))
