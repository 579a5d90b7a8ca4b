import numpy as np
import pytest
import torch
from networks import course, silent, tiny_run
from torch import nn
from torch.nn import functional

from iqabench.contract import Batch, UsageError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench_transformers.options import TIQAOptions
from iqabench_transformers.tiqa import TIQA
from iqabench_transformers.tokens import Layer, Positions, transformer

pytestmark = pytest.mark.usefixtures("one_thread")

CARDS = [name for name in registry().models.cards if name.startswith("tiqa")]


def build(seed=0, **options):
    torch.manual_seed(seed)
    return TIQA(TIQAOptions(**{"init": "random", "encoder": "test_resnet", **options}))


def batch(size=(64, 96), count=2, seed=0):
    random = torch.Generator().manual_seed(seed)
    images = torch.randn(count, 3, *size, generator=random)
    return Batch(images, torch.linspace(0.1, 0.9, count), None, torch.arange(count))


@pytest.mark.parametrize("size", [(64, 64), (72, 100), (65, 33), (384, 512), (544, 32)])
def test_crops_of_any_size(size):
    with torch.no_grad():
        assert build().eval()(batch(size).images).shape == (2,)


def torch_layer(ours, width, heads, feed_forward):
    """torch's own post-norm layer with our layer's weights."""
    theirs = nn.TransformerEncoderLayer(
        width, heads, feed_forward, dropout=0, batch_first=True, layer_norm_eps=1e-6
    )
    names = {
        "self_attn.in_proj_": "attention.inputs.",
        "self_attn.out_proj.": "attention.output.",
        "linear1.": "feed_forward.0.",
        "linear2.": "feed_forward.2.",
        "norm1.": "norm1.",
        "norm2.": "norm2.",
    }
    weights = ours.state_dict()
    theirs.load_state_dict(
        {
            f"{there}{end}": weights[f"{here}{end}"]
            for there, here in names.items()
            for end in ("weight", "bias")
        }
    )
    return theirs


def test_a_layer_is_torch_s_own():
    torch.manual_seed(0)
    ours = Layer(24, 4, 40, dropout=0.5).eval()
    for tensor in ours.parameters():
        nn.init.normal_(tensor, std=0.3)
    theirs = torch_layer(ours, 24, 4, 40)
    tokens = torch.randn(2, 7, 24)
    torch.testing.assert_close(ours(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)


def test_the_network_step_by_step():
    model, images = build().eval(), batch().images
    with torch.no_grad():
        feature = functional.conv2d(model.trunk(images), model.project.weight, model.project.bias)
        feature = feature + functional.interpolate(
            model.positions.table, size=(2, 3), mode="bilinear"
        )
        places = [feature[:, :, y, x] for y in range(2) for x in range(3)]
        tokens = torch.stack([model.quality[:, 0].expand(2, -1), *places], 1)
        for layer in model.layers:
            tokens = torch_layer(layer, 32, 8, 64)(tokens)
        first, last = model.head[0], model.head[3]
        hidden = functional.gelu(tokens[:, 0] @ first.weight.T + first.bias)
        expected = (hidden @ last.weight.T + last.bias)[:, 0]
        torch.testing.assert_close(model(images), expected, atol=1e-5, rtol=1e-5)


def test_the_loss_is_the_mean_square():
    model, given = build(dropout=0).eval(), batch()
    losses = model.losses(given)
    assert list(losses) == ["quality"]
    with torch.no_grad():
        expected = ((model(given.images) - given.quality) ** 2).mean()
    torch.testing.assert_close(losses["quality"].detach(), expected)


def test_positions_fit_their_own_grid_exactly_and_others_smoothly():
    positions = Positions(1, (12, 16))
    with torch.no_grad():
        positions.table.copy_(torch.arange(16.0).expand(1, 1, 12, 16))
        own = positions(torch.zeros(1, 1, 12, 16))
        half = positions(torch.zeros(1, 1, 6, 8))
        double = positions(torch.zeros(1, 1, 24, 32))
    assert torch.equal(own[0, 0, 0], torch.arange(16.0))
    # A plane resampled between the centres of its cells is the same plane.
    torch.testing.assert_close(half[0, 0, 0], 2 * torch.arange(8.0) + 0.5)
    torch.testing.assert_close(double[0, 0, 0, 1:-1], torch.arange(1, 31) / 2 - 0.25)


def test_places_matter_and_positions_say_where():
    """Without positions a transformer cannot tell a picture from one whose places are shuffled."""
    model = build().eval()
    feature = torch.randn(1, model.trunk.channels[-1], 2, 2)
    model.trunk.forward = lambda images: feature if images is None else feature.flip(3)
    with torch.no_grad():
        assert not torch.allclose(model(None), model(0), atol=1e-6)
        model.positions.table.zero_()
        torch.testing.assert_close(model(None), model(0))


def test_tall_features_are_halved_by_their_maxima():
    model = build().eval()
    feature = torch.rand(1, 32, 16, 10)
    maxima = feature.reshape(1, 32, 8, 2, 5, 2).amax((3, 5))
    model.project = nn.Identity()
    model.trunk.forward = lambda images: images
    with torch.no_grad():
        torch.testing.assert_close(model(feature), model(maxima))


def test_heads_that_cannot_share_the_channels_are_refused():
    with pytest.raises(UsageError, match="3 heads cannot share tokens of 32 channels"):
        transformer(32, 1, 3, 64, 0.1)


def test_gradients_reach_every_parameter():
    model, given = build(dropout=0), batch(count=4)
    assert silent(model, given) == []


def test_bf16_has_a_finite_loss_near_the_exact_one():
    model, given = build(dropout=0).eval(), batch()
    exact = float(model.losses(given)["quality"].detach())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.losses(given)["quality"]
    rounded.backward()
    assert rounded.dtype == torch.float32
    assert float(rounded.detach()) == pytest.approx(exact, abs=0.02)
    assert all(bool(torch.isfinite(tensor.grad).all()) for tensor in model.parameters())


def test_parameters_counted_by_hand():
    """The authors' (2, 32, 8, 64) with 193 positions, of which one is the quality token's."""
    model = TIQA(TIQAOptions(init="random"))
    resnet50_without_classifier = 25_557_032 - (2048 * 1000 + 1000)
    layer = 4 * (32 * 32 + 32) + 32 * 64 + 64 + 64 * 32 + 32 + 4 * 32
    tokens = 2048 * 32 + 32 + 193 * 32
    head = 32 * 64 + 64 + 64 + 1
    found = sum(tensor.numel() for tensor in model.parameters())
    assert found == resnet50_without_classifier + tokens + 2 * layer + head


@pytest.mark.parametrize("name", CARDS)
def test_every_card_has_a_tiny_model(name):
    (request,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    losses = request.build().losses(batch(request.recipe.crop))
    assert set(losses) == {"quality"} and bool(torch.isfinite(losses["quality"]))


def test_eight_pictures_can_be_learnt_by_heart():
    given, model = batch((32, 32), count=8), build(dropout=0)
    losses = course(model, given)
    assert losses[-1]["quality"] < 0.1 * losses[0]["quality"]


def test_a_run_from_the_command_line(little, store):
    for row in tiny_run("tiqa,tiqa-lite", little, store):
        assert (row["failed"], row["coverage"]) == (0, 1.0)
        assert np.isfinite(row["srocc_mean"])
