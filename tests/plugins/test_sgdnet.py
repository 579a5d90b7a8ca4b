from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import course, silent, tiny_run

from iqabench.contract import Batch
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench_saliency_models.options import SGDOptions
from iqabench_saliency_models.sgdnet import SGDNet

pytestmark = pytest.mark.usefixtures("one_thread")

CARDS = [name for name in registry().models.cards if name.startswith("sgdnet")]
SMALL = {"init": "random", "encoder": "test_resnet", "channels": 32, "hidden": 24}


def build(seed=0, **options):
    torch.manual_seed(seed)
    return SGDNet(SGDOptions(**{**SMALL, **options}))


def batch(size=(96, 128), count=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    saliency = torch.rand(count, 1, *size, generator=random) ** 2
    return Batch(
        images=torch.randn(count, 3, *size, generator=random),
        quality=torch.linspace(0.6, 0.9, count),  # on one side of where scores start
        saliency=saliency / saliency.amax((2, 3), keepdim=True),
        index=torch.arange(count),
    )


def by_hand(model, images):
    """Score and map of SGDNet in numpy, from the encoder's feature on."""
    weights = {name: tensor.detach().numpy() for name, tensor in model.named_parameters()}
    with torch.no_grad():
        feature = model.trunk(images).numpy()
    shared = np.maximum(
        np.einsum("oc,bchw->bohw", weights["project.0.weight"][..., 0, 0], feature), 0
    )
    squeezed = shared.mean((2, 3)) @ weights["gate.layers.0.weight"].T
    squeezed = np.maximum(squeezed + weights["gate.layers.0.bias"], 0)
    excited = squeezed @ weights["gate.layers.2.weight"].T + weights["gate.layers.2.bias"]
    excited = 1 / (1 + np.exp(-excited))
    saliency = np.einsum("c,bchw->bhw", weights["saliency.0.weight"][0, :, 0, 0], shared)
    saliency = np.maximum(saliency, 0)
    pooled = (shared * excited[..., None, None] * saliency[:, None]).mean((2, 3))
    for layer in ("0", "3"):
        pooled = np.maximum(
            pooled @ weights[f"head.{layer}.weight"].T + weights[f"head.{layer}.bias"], 0
        )
    return (pooled @ weights["head.5.weight"].T + weights["head.5.bias"])[:, 0], saliency


def test_the_network_is_the_authors():
    model, given = build().eval(), batch()
    scores, saliency = by_hand(model, given.images)
    with torch.no_grad():
        np.testing.assert_allclose(model(given.images).numpy(), scores, atol=1e-5)
        found = model.maps(given.images)["saliency"]
    assert found.shape == (2, 1, 96, 128)
    assert saliency.shape == (2, 3, 4)  # 1/32 of the crop
    # In the middle of an area the enlarged map has the area's own value.
    middles = found[:, 0].unfold(1, 32, 32).unfold(2, 32, 32)[..., 15:17, 15:17].mean((3, 4))
    np.testing.assert_allclose(middles.numpy(), saliency, atol=1e-2 * saliency.max())


def test_losses_are_those_of_the_code():
    model, given = build(dropout=0).eval(), batch()
    scores, saliency = by_hand(model, given.images)
    losses = {name: float(loss.detach()) for name, loss in model.losses(given).items()}
    assert losses["quality"] == pytest.approx(
        np.abs(scores - given.quality.numpy()).mean(), abs=1e-5
    )
    truth = given.saliency.numpy().reshape(2, 3, 32, 4, 32).mean((2, 4))
    distances = [
        np.abs(p / p.sum() - t / t.sum()).sum() / 2 for p, t in zip(saliency, truth, strict=True)
    ]
    assert losses["saliency"] == pytest.approx(np.mean(distances), abs=1e-5)
    weights = registry().model("sgdnet").recipe.loss_weights
    total = sum(weights[name] * loss for name, loss in losses.items())
    assert total == pytest.approx((losses["quality"] + 0.25 * losses["saliency"]) / 1.25)


@pytest.mark.parametrize("size", [(64, 64), (72, 100), (65, 33)])
def test_crops_of_any_size(size):
    model, given = build().eval(), batch(size, count=3)
    with torch.no_grad():
        assert model(given.images).shape == (3,)
        assert model.maps(given.images)["saliency"].shape == (3, 1, *size)
        assert all(bool(torch.isfinite(loss)) for loss in model.losses(given).values())


def smaller(whole, **options):
    """The model with a part left out, and otherwise the weights of the whole."""
    model = build(seed=1, **options).eval()
    kept = {key: value for key, value in whole.state_dict().items() if key in model.state_dict()}
    model.load_state_dict(kept)  # strictly
    return model


def test_an_open_gate_is_the_model_without_it():
    whole, images = build().eval(), batch().images
    without = smaller(whole, channel_attention=False)
    with torch.no_grad():
        assert not torch.equal(whole(images), without(images))
        whole.gate.layers[2].bias.fill_(1e4)  # whose sigmoid is exactly one
        assert torch.equal(whole(images), without(images))


def test_an_even_map_is_the_model_without_saliency():
    whole, given = build().eval(), batch()
    without = smaller(whole, saliency=False)
    with torch.no_grad():
        assert not torch.equal(whole(given.images), without(given.images))
        whole.saliency.register_forward_hook(lambda *call: torch.ones_like(call[2]))
        assert torch.equal(whole(given.images), without(given.images))
        assert without.maps(given.images) == {}
    assert list(without.losses(given)) == ["quality"]


def test_without_maps_there_is_the_quality_loss_alone():
    given = batch()
    losses = build().losses(Batch(given.images, given.quality, None, given.index))
    assert list(losses) == ["quality"]


def test_an_empty_map_is_left_out():
    model, given = build(dropout=0).eval(), batch(count=3)
    given.saliency[1] = 0
    kept = [0, 2]
    few = Batch(given.images[kept], given.quality[kept], given.saliency[kept], given.index[kept])
    torch.testing.assert_close(model.losses(given)["saliency"], model.losses(few)["saliency"])


@pytest.mark.parametrize("seed", range(10))
def test_every_seed_starts_with_a_map_that_can_learn(seed):
    model, given = build(seed), batch((64, 64), seed=seed)
    assert bool((model.maps(given.images)["saliency"].amax((1, 2, 3)) > 0).all())


@pytest.mark.parametrize("options", registry().model("sgdnet").studies["ablation"].values())
def test_gradients_reach_every_parameter(options):
    model, given = build(dropout=0, **options), batch((64, 64), count=4)
    assert silent(model, given) == []


def test_bf16_has_finite_losses_near_the_exact_ones():
    model, given = build(dropout=0).eval(), batch((64, 64))
    exact = model.losses(given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.losses(given)
    sum(rounded.values()).backward()
    for name, loss in rounded.items():
        assert loss.dtype == torch.float32
        assert float(loss.detach()) == pytest.approx(float(exact[name].detach()), abs=0.02)
    assert all(bool(torch.isfinite(tensor.grad).all()) for tensor in model.parameters())


def test_parameters_counted_by_hand():
    model = SGDNet(SGDOptions(init="random"))
    resnet50_without_classifier = 25_557_032 - (2048 * 1000 + 1000)
    gate = 512 * 128 + 128 + 128 * 512 + 512
    head = 512 * 1024 + 1024 + 1024 * 1024 + 1024 + 1024 + 1
    added = 2048 * 512 + gate + 512 + head
    found = sum(tensor.numel() for tensor in model.parameters())
    assert found == resnet50_without_classifier + added


@pytest.mark.parametrize("name", CARDS)
def test_every_card_has_a_tiny_model(name):
    (request,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    losses = request.build().losses(batch(request.recipe.crop))
    assert set(losses) == {"quality", "saliency"}
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())


def test_eight_pictures_can_be_learnt_by_heart():
    given, model = batch((64, 64), count=8), build(dropout=0)
    given = replace(given, quality=torch.linspace(0.1, 0.9, 8))
    losses = course(model, given, lr=3e-3)
    assert losses[-1]["quality"] < 0.3 * losses[0]["quality"]
    assert losses[-1]["saliency"] < 0.3 * losses[0]["saliency"]


def test_a_run_from_the_command_line(little, store):
    for row in tiny_run("sgdnet,sgdnet-lite", little, store):
        assert (row["failed"], row["coverage"]) == (0, 1.0)
        assert row["saliency"] == "spectral-residual"
