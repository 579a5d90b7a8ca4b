import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from networks import batch, course, needs_attention_in_bf16, silent
from timm.models.vgg import VGG

from biosiqnet_plugin.branches import Fusion
from biosiqnet_plugin.decoder import SaliencyDecoder
from biosiqnet_plugin.heads import FullyConnectedHead
from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from iqabench.cli import cli
from iqabench.contract import Batch, Stage, UsageError
from iqabench.engine.optimizers import make_optimizer
from iqabench.kit.encoders import fully_connected
from iqabench.kit.saliency import decompose, saliency_loss
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry

FORMS = {
    "lite": {"encoder": "efficientnet-lite0"},
    "separate": {"encoder": "test_resnet", "sharing": "separate"},
    "transformer": {"encoder": "test_vit", "image_size": 96, "low_block": 2, "high_block": 3},
}
CONVOLUTIONAL = ["lite", "separate"]
each_form = pytest.mark.parametrize("form", FORMS)
each_branch = pytest.mark.parametrize("branch", ["low", "high"])


pytestmark = pytest.mark.usefixtures("one_thread")


def build(form, seed=0, **options):
    torch.manual_seed(seed)
    return BioSIQNet(Options(**{"init": "random", **FORMS[form], **options}))


@each_form
def test_scores_and_maps_have_the_crops_shape(form):
    model, given = build(form).eval(), batch(count=3)
    with torch.no_grad():
        assert model(given.images).shape == (3,)
        maps = model.maps(given.images)
    assert list(maps) == ["low", "high"]
    for found in maps.values():
        assert found.shape == (3, 1, 96, 96)
        assert float(found.min()) > 0 and found.amax((1, 2, 3)).tolist() == [1, 1, 1]


@pytest.mark.parametrize("form", CONVOLUTIONAL)
@pytest.mark.parametrize("size", [(72, 100), (65, 33)])
def test_crops_that_no_stride_divides(form, size):
    model, given = build(form), batch(size)
    assert all(found.shape == (2, 1, *size) for found in model.maps(given.images).values())
    assert all(bool(torch.isfinite(loss)) for loss in model.losses(given).values())


@each_form
def test_scores_do_not_depend_on_the_rest_of_the_batch(form):
    model, images = build(form).eval(), batch(count=3).images
    with torch.no_grad():
        torch.testing.assert_close(model(images)[1:2], model(images[1:2]), atol=1e-5, rtol=1e-4)


@each_form
def test_losses_are_those_of_the_paper(form):
    model, given = build(form, dropout=0).eval(), batch()
    with torch.no_grad():
        losses = model.losses(given)
        score, maps = model(given.images), model.maps(given.images)
    assert list(losses) == ["quality", "low", "high"]
    expected = ((score - given.quality) ** 2).mean()
    torch.testing.assert_close(losses["quality"], expected)
    for name, truth in zip(("low", "high"), decompose(given.saliency, 120), strict=True):
        torch.testing.assert_close(losses[name], saliency_loss(maps[name], truth, (5, -2, -1)))


def test_options_of_the_losses():
    given = batch()
    plain = build("separate").eval()

    def losses(**options):
        model = BioSIQNet(plain.options.model_copy(update=options)).eval()
        model.load_state_dict(plain.state_dict())
        with torch.no_grad():
            return model.losses(given)

    maps = plain.maps(given.images)
    whole = saliency_loss(maps["high"], given.saliency, (5, -2, -1))
    torch.testing.assert_close(losses(high_target="entire")["high"], whole)
    low, high = decompose(given.saliency, 70, binary=True)
    found = losses(threshold=70, binary=True, kld_weight=1, cc_weight=-3, sim_weight=0)
    torch.testing.assert_close(found["low"], saliency_loss(maps["low"], low, (1, -3, 0)))
    torch.testing.assert_close(found["high"], saliency_loss(maps["high"], high, (1, -3, 0)))


def test_without_maps_there_is_the_quality_loss_alone():
    given = batch()
    losses = build("separate").losses(Batch(given.images, given.quality, None, given.index))
    assert list(losses) == ["quality"]


@each_form
def test_gradients_reach_every_parameter(form):
    model, given = build(form, dropout=0), batch(count=4)
    assert silent(model, given) == []


@each_form
def test_each_part_may_have_its_own_rate(form):
    model = build(form)
    stage = Stage(lr=0.01, lr_groups={"branches": 10.0, "head": 3.0})
    groups = make_optimizer(model, stage).param_groups
    rates = {id(one): group["lr"] for group in groups for one in group["params"]}
    assert sum(len(group["params"]) for group in groups) == len(list(model.parameters()))
    expected = {"trunk": 0.01, "branches": 0.1, "head": 0.03}
    for name, parameter in model.named_parameters():
        assert rates[id(parameter)] == pytest.approx(expected[name.split(".")[0]])


@each_form
@each_branch
def test_a_scale_of_zero_gives_the_smaller_model(form, branch):
    whole = build(form).eval()
    smaller = build(form, seed=1, **{f"{branch}_block": None}).eval()
    kept = {
        name: tensor
        for name, tensor in whole.state_dict().items()
        if not name.startswith(f"branches.{branch}.")
    }
    smaller.load_state_dict(kept)  # strictly
    images = batch().images
    with torch.no_grad():
        assert not torch.equal(whole(images), smaller(images))
        whole.branches[branch].fusion.saliency_scale.zero_()
        assert torch.equal(whole(images), smaller(images))


@each_branch
def test_a_branch_left_out_has_neither_map_nor_loss(branch):
    model, given = build("separate", **{f"{branch}_block": None}), batch()
    other = {"low": "high", "high": "low"}[branch]
    assert list(model.maps(given.images)) == [other]
    assert list(model.losses(given)) == ["quality", other]


def test_quality_alone():
    model, given = build("separate", low_block=None, high_block=None), batch()
    assert model.maps(given.images) == {}
    assert list(model.losses(given)) == ["quality"]


def test_fusion_is_equation_1():
    fusion = Fusion(1.0)
    saliency, quality = torch.rand(2, 1, 3, 4, 5)
    torch.testing.assert_close(fusion(saliency, quality), saliency + quality)
    with torch.no_grad():
        fusion.saliency_scale.fill_(2)
        fusion.quality_scale.fill_(-0.5)
    torch.testing.assert_close(fusion(saliency, quality), 2 * saliency - 0.5 * quality)


@pytest.mark.parametrize("stride", [2, 4, 8, 16, 32])
def test_decoders_undo_the_stride(stride):
    decoder = SaliencyDecoder(24, stride, -8)
    assert decoder(torch.randn(1, 24, 3, 2)).shape == (1, 1, 3 * stride, 2 * stride)
    convolutions = [layer for layer in decoder.layers if isinstance(layer, torch.nn.Conv2d)]
    assert 2 ** len(convolutions) == stride


@each_branch
def test_maps_are_decoded_from_the_branch_s_own_feature(branch):
    model, given = build("lite").eval(), batch()
    with torch.no_grad():
        before = model.maps(given.images)[branch]
        model.branches[branch].adapter.layers[-1].bias.add_(1)
        model.branches[branch].fusion.saliency_scale.zero_()  # nothing through the trunk
        assert not torch.equal(model.maps(given.images)[branch], before)


def test_an_early_branch_does_not_see_what_comes_later():
    """Decoding the low map needs the trunk up to its block only."""
    model, given = build("lite").eval(), batch()
    before = model.maps(given.images)
    with torch.no_grad():
        for tensor in model.trunk.net.blocks[3].parameters():
            tensor.zero_()
        after = model.maps(given.images)
    assert torch.equal(before["low"], after["low"])
    assert not torch.equal(before["high"], after["high"])


@pytest.mark.parametrize("block", [0, 6])
def test_blocks_that_are_not_there_are_refused(block):
    with pytest.raises(ValueError if block == 0 else UsageError, match="low_block"):
        build("lite", low_block=block)


@each_form
def test_bf16_has_finite_losses_near_the_exact_ones(form):
    if form == "transformer":
        needs_attention_in_bf16()
    model, given = build(form, dropout=0).eval(), batch()
    exact = model.losses(given)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model.losses(given)
    sum(rounded.values()).backward()
    for name, loss in rounded.items():
        assert loss.dtype == torch.float32
        assert float(loss.detach()) == pytest.approx(float(exact[name].detach()), abs=0.05)
    for name, tensor in model.named_parameters():
        assert tensor.grad is None or bool(torch.isfinite(tensor.grad).all()), name


@pytest.mark.parametrize("name", [card for card in registry().models.cards if "biosiqnet" in card])
def test_every_card_has_a_tiny_model(name):
    (request,) = resolve(registry(), [name], [], Choices(init="random", tiny=True))
    given = batch(request.recipe.crop)
    losses = request.build().losses(given)
    names = {"v1": {"quality"}, "v2": {"quality", "low"}, "v3": {"quality", "high"}}
    names["v4"] = names["v3"]
    assert set(losses) == names.get(name.rsplit("-", 1)[-1], {"quality", "low", "high"})
    assert all(bool(torch.isfinite(loss)) for loss in losses.values())
    learns_maps = set(losses) != {"quality"}
    assert request.card.saliency == ("target" if learns_maps else "none")


def test_imagenet_weights_are_where_training_starts():
    torch.manual_seed(0)
    pretrained, other = (
        BioSIQNet(Options(init=init)).trunk.net.conv_stem.weight for init in ("default", "random")
    )
    again = BioSIQNet(Options(init="default")).trunk.net.conv_stem.weight
    assert torch.equal(pretrained, again)
    assert not torch.equal(pretrained, other)


def test_eight_pictures_can_be_learnt_by_heart():
    given = batch((32, 32), count=8)
    model = build("lite", init="default", dropout=0)
    losses = course(model, given)
    assert losses[-1]["quality"] < 0.1 * losses[0]["quality"]
    for name in ("low", "high"):
        assert losses[-1][name] < losses[0][name]


def test_a_run_from_the_command_line(little, store):
    arguments = [
        *("run", "--tiny", "--init", "random", "--models", "biosiqnet-lite"),
        *("--datasets", "little", "--seeds", "1", "--device", "cpu", "--quiet"),
        *("--catalog", str(little.catalog), "--store", str(store)),
    ]
    shown = CliRunner().invoke(cli, arguments)
    assert shown.exit_code == 0, shown.output
    assert "biosiqnet-lite*" in shown.output
    assert "* trained from random weights" in shown.output
    (row,) = json.loads(CliRunner().invoke(cli, [*arguments, "--format", "json"]).output)
    assert (row["init"], row["failed"], row["coverage"]) == ("random", 0, 1.0)
    assert row["saliency"] == "spectral-residual"
    built = build("lite", head="statistics")
    assert row["parameters"] == sum(tensor.numel() for tensor in built.parameters())
    assert np.isfinite(row["srocc_mean"])


def parameters(name, *overrides):
    given = [f"a.{override}" for override in overrides]
    with torch.device("meta"):  # sizes alone, no memory
        net = resolve(registry(), [f"a={name}"], given, Choices(init="random"))[0].build()
    return sum(value.numel() for value in net.parameters())


def test_the_quality_branch_with_vggs_own_layers_is_vgg19_whole():
    # torchvision's VGG19 has 143,667,240 parameters, 548 MiB of fp32: the size that is printed. One
    # score in place of 1,000 classes takes 999 x (4096 + 1) away.
    assert parameters("biosiqnet-vgg19-v1", "head=vgg-fc") == 143_667_240 - 999 * 4097
    assert round(143_667_240 * 4 / 2**20) == 548
    more = parameters("biosiqnet-vgg19", "head=vgg-fc") - parameters("biosiqnet-vgg19")
    pooled = 512 * 256 + 256 + 257
    assert more == 143_667_240 - 999 * 4097 - 20_024_384 - pooled  # but the convolutions and ours


def test_counts_of_the_documentation():
    text = (Path(__file__).parents[1] / "docs" / "biosiqnet.md").read_text(encoding="utf-8")
    for name, overrides in (
        ("biosiqnet", []),
        ("biosiqnet-enhanced", []),
        ("biosiqnet-lite", []),
        ("biosiqnet", ["sharing=separate"]),
        ("biosiqnet-vgg19", []),
        ("biosiqnet-vgg19", ["head=vgg-fc"]),
        ("biosiqnet-vgg19-v1", ["head=vgg-fc"]),
    ):
        assert f"{parameters(name, *overrides) / 1e6:.2f} M" in text


def small_vgg():
    torch.manual_seed(0)
    return VGG([8, "M", 8, "M", 8, "M", 8, "M", 8, "M"], num_classes=5, mlp_ratio=1 / 256).eval()


def test_vggs_own_layers_score_as_the_classifier_does(monkeypatch):
    # At VGG's own size the head with the weights of one class gives that class's value.
    net = small_vgg()
    monkeypatch.setattr("iqabench.kit.encoders.pretrained", lambda name, init: small_vgg())
    layers, width = fully_connected("vgg11", "random", 0.25)
    assert (width, layers.drop.p) == (4096, 0.25)
    head = FullyConnectedHead(layers, width, 0.25).eval()
    with torch.no_grad():
        head.layers[-1].weight.copy_(net.head.fc.weight[1:2])
        head.layers[-1].bias.copy_(net.head.fc.bias[1:2])
        images = torch.rand(2, 3, 224, 224)
        torch.testing.assert_close(head(net.features(images)), net(images)[:, 1])
        assert head(torch.rand(2, 8, 9, 12)).shape == (2,)  # of a 288x384 crop


@pytest.mark.parametrize("form", FORMS)
def test_vggs_own_layers_need_a_vgg(form):
    with pytest.raises(UsageError, match="has no fully connected layers of a VGG"):
        build(form, head="vgg-fc")


def test_the_usual_head_is_no_part_of_an_identity():
    # Jobs of releases without the option keep their fingerprints.
    assert "head" not in Options().model_dump(mode="json")
    assert Options(head="vgg-fc").model_dump(mode="json")["head"] == "vgg-fc"


def test_enhanced_features_are_what_both_decoders_get():
    net = build("transformer", low_block=1, high_block=2).eval()
    fused, taken = {}, {}
    for name, branch in net.branches.items():
        branch.fusion.register_forward_hook(lambda *given, n=name: fused.update({n: given[2]}))
    for name, decoder in (("low", net.trunk.decoder1), ("high", net.trunk.decoder2)):
        decoder.register_forward_pre_hook(lambda _, given, n=name: taken.update({n: given[0]}))
    with torch.no_grad():
        net(batch().images)
    for name in ("low", "high"):
        torch.testing.assert_close(taken[name], fused[name])
    card = registry().model("biosiqnet-enhanced")
    assert (card.defaults["low_block"], card.defaults["high_block"]) == (1, 2)
