import math

import numpy as np
import pytest
import torch
from networks import course, silent, tiny_run

from iqabench.contract import Batch, UsageError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench_transformers.dor_iqa import DORIQA
from iqabench_transformers.options import DOROptions
from iqabench_transformers.ordinal import exceeded, expectation, ordinal_loss

pytestmark = pytest.mark.usefixtures("one_thread")

CARDS = [name for name in registry().models.cards if name.startswith("dor-iqa")]
SMALL = {"init": "random", "encoder": "test_resnet", "width": 32, "heads": 4, "feed_forward": 48}


def build(seed=0, **options):
    torch.manual_seed(seed)
    return DORIQA(DOROptions(**{**SMALL, **options}))


def batch(size=(64, 96), count=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, *size, generator=random)
    return Batch(images, torch.linspace(0.1, 0.9, count), None, torch.arange(count))


@pytest.mark.parametrize("size", [(64, 64), (72, 100), (65, 33), (224, 224)])
def test_crops_of_any_size_score_between_zero_and_one(size):
    with torch.no_grad():
        found = build().eval()(batch(size).images)
    assert found.shape == (2,)
    assert float(found.min()) > 0 and float(found.max()) < 1


def test_classes_are_the_nearest():
    quality = torch.tensor([0.0, 0.12, 0.13, 0.5, 0.99, 1.0])
    expected = [[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1] * 4, [1] * 4]
    assert exceeded(quality, 5).tolist() == expected


def test_the_ordinal_loss_against_numpy():
    random = np.random.default_rng(0)
    logits, quality = 3 * random.normal(size=(4, 27)), random.uniform(size=4)
    above = 1 / (1 + np.exp(-logits))
    expected = 0.0
    for row, label in zip(above, np.round(quality * 27), strict=True):
        for k, p in enumerate(row):
            expected -= math.log(p) if k < label else math.log(1 - p)
    found = ordinal_loss(torch.tensor(logits), torch.tensor(quality).float())
    assert float(found) == pytest.approx(expected / 4, rel=1e-5)


def test_what_cannot_be_told_costs_a_bit_per_threshold():
    found = ordinal_loss(torch.zeros(3, 27), torch.rand(3))
    assert float(found) == pytest.approx(27 * math.log(2), rel=1e-6)


@pytest.mark.parametrize("bins", [2, 5, 28])
def test_certainty_gives_the_label_back_and_costs_nothing(bins):
    quality = torch.arange(bins) / (bins - 1)
    certain = 100 * (2 * exceeded(quality, bins) - 1)
    torch.testing.assert_close(expectation(certain), quality)
    assert float(ordinal_loss(certain, quality)) == pytest.approx(0, abs=1e-6)


def test_the_expectation_is_that_of_the_classes_probabilities():
    """Differences of the probabilities to exceed are the probabilities of the classes."""
    logits = torch.tensor([[2.0, 1.0, -0.5, -3.0]])
    above = [1, *logits[0].sigmoid().tolist(), 0]
    classes = [above[k] - above[k + 1] for k in range(5)]
    expected = sum(k / 4 * p for k, p in enumerate(classes))
    assert sum(classes) == pytest.approx(1)
    assert float(expectation(logits)) == pytest.approx(expected, rel=1e-5)


def test_a_worse_class_costs_more_the_farther_it_is():
    quality = torch.arange(28) / 27
    sure = 5 * (2 * exceeded(quality[14:15], 28) - 1)
    costs = [float(ordinal_loss(sure, one[None])) for one in quality]
    assert np.argmin(costs) == 14
    assert (np.diff(costs[:15]) < 0).all() and (np.diff(costs[14:]) > 0).all()


def test_features_have_unit_length_at_every_scale():
    model, images = build().eval(), batch().images
    seen = []
    with torch.no_grad():
        model.trunk(images, lambda number, feature: seen.append(feature) or feature)
        found = model._features(images)
    expected = []
    for feature in seen[1:]:
        flat = feature.numpy()
        unit = flat / np.sqrt((flat**2).sum(1, keepdims=True))
        rows, columns = unit.shape[2] // 2, unit.shape[3] // 3
        expected.append(unit.reshape(*unit.shape[:2], 2, rows, 3, columns).mean((3, 5)))
    np.testing.assert_allclose(found.numpy(), np.concatenate(expected, 1), atol=1e-5)


def test_the_loss_and_the_score_share_their_logits():
    model, given = build(dropout=0).eval(), batch()
    with torch.no_grad():
        logits = model.head(
            model.layers(
                model.positions(model.project(model._features(given.images)))
                .flatten(2)
                .transpose(1, 2)
            ).mean(1)
        )
        losses = model.losses(given)
        torch.testing.assert_close(model(given.images), expectation(logits))
    assert list(losses) == ["ordinal"]
    torch.testing.assert_close(losses["ordinal"], ordinal_loss(logits, given.quality))


def test_heads_that_cannot_share_the_channels_are_refused():
    with pytest.raises(UsageError, match="5 heads cannot share"):
        build(width=None, heads=5)


def test_gradients_reach_every_parameter():
    model, given = build(dropout=0), batch(count=4)
    assert silent(model, given) == []


def test_bf16_has_a_finite_loss_near_the_exact_one():
    model, given = build(dropout=0).eval(), batch()
    exact = float(model.losses(given)["ordinal"].detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.losses(given)["ordinal"]
    rounded.backward()
    assert rounded.dtype == torch.float32
    assert float(rounded.detach()) == pytest.approx(exact, rel=0.02)
    assert all(bool(torch.isfinite(tensor.grad).all()) for tensor in model.parameters())


def test_parameters_counted_by_hand():
    """ResNet-50's last four blocks have 256, 512, 1024 and 2048 channels."""
    model = DORIQA(DOROptions(init="random"))
    resnet50_without_classifier = 25_557_032 - (2048 * 1000 + 1000)
    width = 256 + 512 + 1024 + 2048
    layer = 4 * (width * width + width) + 2 * width * 2048 + 2048 + width + 4 * width
    head = width * 128 + 128 + 128 * 27 + 27
    found = sum(tensor.numel() for tensor in model.parameters())
    assert found == resnet50_without_classifier + 7 * 7 * width + layer + head


@pytest.mark.parametrize("name", CARDS)
def test_every_card_has_a_tiny_model(name):
    (request,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    losses = request.build().losses(batch(request.recipe.crop))
    assert set(losses) == {"ordinal"} and bool(torch.isfinite(losses["ordinal"]))


def test_eight_pictures_can_be_learnt_by_heart():
    given, model = batch((32, 32), count=8), build(dropout=0)
    losses = course(model, given)
    assert losses[-1]["ordinal"] < 0.4 * losses[0]["ordinal"]


def test_a_run_from_the_command_line(little, store):
    for row in tiny_run("dor-iqa,dor-iqa-lite", little, store):
        assert (row["failed"], row["coverage"]) == (0, 1.0)
        assert np.isfinite(row["srocc_mean"])
