import socket
from unittest import mock

import pytest
import torch

from iqabench.contract import Batch, WeightsError
from iqabench.engine.kinds.trainable import load_weights
from iqabench.engine.optimizers import make_optimizer
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry

pytest.importorskip("pyiqa", reason="the networks are pyiqa's")
pytestmark = pytest.mark.usefixtures("one_thread")

TRAINABLE = ("cnniqa", "dbcnn", "hyperiqa", "maniqa", "tres", "wadiqam")
UNUSED = {
    "maniqa": (
        "net.vit.blocks.10.",
        "net.vit.blocks.11.",
        "net.vit.norm.",
        "net.vit.head.",
        "net.swintransformer1.downsample.",
        "net.swintransformer2.downsample.",
    ),
    "tres": ("net.model.fc.",),
}
"""Parameters whose output the network never reads."""


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """Any connection fails at once."""

    def refuse(*arguments, **options):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def bare(monkeypatch):
    """Lets pyiqa's own constructors be called: their backbones get random weights."""
    import timm
    import torchvision
    from pyiqa.archs import dbcnn_arch

    create = timm.create_model

    def without_weights(name, pretrained=False, **more):
        return create(name, **more)

    monkeypatch.setattr(timm, "create_model", without_weights)
    for name in ("vgg16", "resnet18"):
        build = getattr(torchvision.models, name)
        monkeypatch.setattr(torchvision.models, name, lambda weights, build=build: build())
    monkeypatch.setattr(dbcnn_arch, "load_pretrained_network", lambda *_: None)


def request(name, *overrides, **choices):
    return resolve(registry(), [name], overrides, Choices(init="random", **choices))[0]


def batch(size, count=4):
    torch.manual_seed(1)
    return Batch(torch.rand(count, 3, *size), torch.rand(count), None, torch.arange(count))


def as_published(theirs, ours, folder):
    """Our network with the weights of pyiqa's, saved as pyiqa saves them."""
    torch.manual_seed(2)
    for layer in theirs.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):  # else an untrained network tells little apart
            torch.nn.init.uniform_(layer.weight, 0.5, 1.5)
            torch.nn.init.normal_(layer.running_mean, 0, 0.1)
    path = folder / "published.pth"
    torch.save({"params": theirs.state_dict()}, path)
    net = ours.build(loaded=True)
    load_weights(net, path)
    theirs.eval()
    return net.eval()


@torch.inference_mode()
def test_cnniqa_is_pyiqas(tmp_path):
    from pyiqa.archs.cnniqa_arch import CNNIQA

    theirs = CNNIQA(pretrained=None)
    ours = as_published(theirs, request("cnniqa"), tmp_path)
    images = torch.rand(5, 3, 32, 32)
    torch.testing.assert_close(ours(images), theirs(images)[:, 0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_dbcnn_is_pyiqas(tmp_path, bare):
    from pyiqa.archs.dbcnn_arch import DBCNN

    theirs = DBCNN(fc=False, pretrained=False)
    ours = as_published(theirs, request("dbcnn"), tmp_path)
    images = torch.rand(2, 3, 100, 72)
    torch.testing.assert_close(ours(images), theirs(images)[:, 0], atol=1e-5, rtol=0)


@torch.inference_mode()
def test_hyperiqa_is_pyiqas_on_the_same_crops(tmp_path, bare):
    from pyiqa.archs.arch_util import uniform_crop
    from pyiqa.archs.hypernet_arch import HyperNet

    theirs = HyperNet("resnet14t", num_crop=4, pretrained=False)
    ours = as_published(theirs, request("hyperiqa", tiny=True), tmp_path)
    image = torch.rand(1, 3, 240, 250)
    scores = ours(uniform_crop([image], 224, 4))
    assert scores.shape == (4,)
    torch.testing.assert_close(scores.mean(), theirs(image).squeeze(), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_tres_is_pyiqas_on_the_same_crops(tmp_path, bare):
    from pyiqa.archs.arch_util import uniform_crop
    from pyiqa.archs.tres_arch import TReS

    theirs = TReS("resnet18", test_sample=2, pretrained=False)
    ours = as_published(theirs, request("tres", tiny=True), tmp_path)
    image = torch.rand(1, 3, 240, 250)
    scores = ours(uniform_crop(image, 224, 2))
    torch.testing.assert_close(scores.mean(), theirs(image).squeeze(), atol=1e-5, rtol=0)


@torch.inference_mode()
def test_wadiqam_is_pyiqas(tmp_path):
    from pyiqa.archs.wadiqam_arch import WaDIQaM

    theirs = WaDIQaM("NR", "wadiqam_nr_koniq", pretrained=False)
    ours = as_published(theirs, request("wadiqam"), tmp_path)
    images = torch.rand(2, 3, 100, 140)  # where both take the same patches
    torch.testing.assert_close(ours(images), theirs(images)[:, 0], atol=1e-5, rtol=0)


@pytest.mark.slow
@torch.inference_mode()
def test_maniqa_is_pyiqas_on_the_same_crops(tmp_path, bare):
    from pyiqa.archs.arch_util import uniform_crop
    from pyiqa.archs.maniqa_arch import MANIQA

    theirs = MANIQA(pretrained=False, scale=0.8, test_sample=1)
    ours = as_published(theirs, request("maniqa"), tmp_path)
    image = torch.rand(1, 3, 230, 240)
    scores = ours(uniform_crop(image, 224, 1))
    torch.testing.assert_close(scores, theirs(image)[0], atol=1e-5, rtol=0)


def test_wadiqam_takes_every_patch_of_a_picture():
    net = request("wadiqam").build().eval()
    image = torch.rand(1, 3, 64, 96)
    rows = [image[..., y : y + 32, x : x + 32] for y in (0, 32) for x in (0, 32, 64)]
    torch.testing.assert_close(net.net.get_patches(image), torch.cat(rows))
    assert net(image[..., :32, :32]).shape == (1,)


@pytest.mark.parametrize("name", TRAINABLE)
def test_gradients_reach_every_parameter_that_is_used(name):
    asked = request(name, tiny=True)
    torch.manual_seed(0)
    net, given = asked.build().train(), batch(asked.recipe.crop)
    optimizer = make_optimizer(net, asked.recipe.stages[-1])
    before = {key: tensor.detach().clone() for key, tensor in net.named_parameters()}
    for _ in range(2):  # timm starts residual branches at zero, so the first step opens them
        optimizer.zero_grad()
        losses = net.losses(given)
        assert all(loss.shape == () and torch.isfinite(loss) for loss in losses.values())
        sum(losses.values()).backward()
        optimizer.step()
    unmoved = [key for key, tensor in net.named_parameters() if torch.equal(tensor, before[key])]
    unused = [key for key in before if key.startswith(UNUSED.get(name, ("nothing",)))]
    assert sorted(unmoved) == sorted(unused)


@pytest.mark.parametrize("name", ["cnniqa", "hyperiqa", "wadiqam"])
def test_absolute_error_is_the_loss(name):
    asked = request(name, tiny=True)
    net, given = asked.build().eval(), batch(asked.recipe.crop)
    losses = net.losses(given)
    assert losses.keys() == {"quality"}
    expected = (net(given.images) - given.quality).abs().mean()
    torch.testing.assert_close(losses["quality"], expected)


def test_squared_error_is_the_loss_of_dbcnn():
    net, given = request("dbcnn").build().eval(), batch((40, 40))
    expected = ((net(given.images) - given.quality) ** 2).mean()
    torch.testing.assert_close(net.losses(given)["quality"], expected)


def test_dbcnn_first_moves_its_last_layer_only_then_everything():
    from iqabench.engine.optimizers import frozen

    first, second = request("dbcnn").recipe.stages
    assert (first.optimizer, first.lr, second.optimizer, second.lr) == ("sgd", 1e-3, "adam", 1e-5)
    net, given = request("dbcnn").build().train(), batch((40, 40))
    for stage, moving in ((first, ["net.fc.weight", "net.fc.bias"]), (second, None)):
        before = {key: tensor.clone() for key, tensor in net.state_dict().items()}
        with frozen(net, stage.freeze):
            optimizer = make_optimizer(net, stage)
            net.losses(given)["quality"].backward()
            optimizer.step()
        moved = [key for key, value in net.state_dict().items() if not value.equal(before[key])]
        assert moved == (list(before) if moving is None else moving)


def test_hyperiqas_hyper_network_learns_ten_times_as_fast():
    asked = request("hyperiqa", tiny=True)
    net, stage = asked.build(), request("hyperiqa").recipe.stages[0]
    optimizer = make_optimizer(net, stage)
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == len(list(net.parameters()))
    for name, parameter in net.named_parameters():
        expected = 2e-5 if name.startswith("net.base_model.") else 2e-4
        assert rates[id(parameter)] == pytest.approx(expected)


def test_the_losses_of_tres_are_its_authors():
    """Written again as their code has it, with torch's triplet loss."""
    net = request("tres", tiny=True).build().train()
    scores = torch.tensor([0.2, 0.9, 0.4, 0.1])
    mirrored = torch.tensor([0.3, 0.8, 0.1, 0.2])
    quality = torch.tensor([0.1, 0.8, 0.5, 0.3])
    given = Batch(torch.rand(4, 3, 8, 8), quality, None, torch.arange(4))
    answers = iter([(scores[:, None], torch.tensor(0.5)), (mirrored[:, None], torch.tensor(0.25))])
    with mock.patch.object(net.net, "forward", lambda images: next(answers)):
        losses = net.losses(given)

    def triplets(found):
        found, (low, next_low, next_high, high) = found[:, None], torch.argsort(quality)
        near_low = torch.nn.TripletMarginLoss(margin=float(quality[high] - quality[next_low]), p=1)
        near_high = torch.nn.TripletMarginLoss(margin=float(quality[next_high] - quality[low]), p=1)
        return near_low(found[low : low + 1], found[next_low : next_low + 1], found[high, None]) + (
            near_high(found[high, None], found[next_high, None], found[low, None])
        )

    plain, flipped = triplets(scores), triplets(mirrored)
    error = (scores - quality).abs().mean() + (mirrored - quality).abs().mean()
    torch.testing.assert_close(losses["quality"], error)
    assert losses["consistency"] == 0.75
    torch.testing.assert_close(losses["ranking"], plain + flipped, atol=1e-5, rtol=0)
    agree = 2 * (plain - flipped).abs()
    torch.testing.assert_close(losses["ranking_consistency"], agree, atol=1e-5, rtol=0)
    weights = request("tres").recipe.loss_weights
    assert weights == {"ranking": 0.05, "ranking_consistency": 0.5}


def test_tres_learns_from_a_batch_of_one():
    net = request("tres", tiny=True).build().train()
    losses = net.losses(batch((224, 224), count=1))
    assert float(losses["ranking"]) == 0 and torch.isfinite(losses["quality"])


@pytest.mark.parametrize("name", TRAINABLE)
def test_images_reach_the_network_as_the_card_promises(name):
    """It normalises inside, so the recipe must not."""
    recipe = request(name).recipe
    assert (recipe.mean, recipe.std) == ((0, 0, 0), (1, 1, 1))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("dbcnn", "DBCNN_scnn-7ea73d75.pth"),
        ("hyperiqa", "resnet50-0676ba61.pth (sha256 0676ba61)"),
        ("tres", "resnet50-0676ba61.pth (sha256 0676ba61)"),
    ],
)
def test_missing_imagenet_weights_are_named(name, file):
    with pytest.raises(WeightsError, match="are not on this machine") as refused:
        resolve(registry(), [name], [], Choices())[0].build()
    assert file in refused.value.hint and "--init random" in refused.value.hint


def test_imagenet_weights_start_the_backbones(tmp_path, monkeypatch):
    import torchvision

    from iqabench.kit import weights
    from iqabench.kit.places import weights_dir

    def save(net, name, prefix=""):
        state = {f"{prefix}{key}": value for key, value in net.state_dict().items()}
        torch.save({**state, "classifier.weight": torch.ones(1)}, weights_dir() / name)

    weights_dir().mkdir(parents=True)
    monkeypatch.setattr(weights, "_verify", lambda path, card: None)
    torch.manual_seed(3)
    other = request("dbcnn").build().net
    save(other.features1, "vgg16-397923af.pth", "features.")
    save(other.features2, "DBCNN_scnn-7ea73d75.pth", "features.")
    built = resolve(registry(), ["dbcnn"], [], Choices())[0].build().net
    torch.testing.assert_close(built.features1.state_dict(), other.features1.state_dict())
    torch.testing.assert_close(built.features2.state_dict(), other.features2.state_dict())
    resnet = torchvision.models.resnet50()
    torch.save(resnet.state_dict(), weights_dir() / "resnet50-0676ba61.pth")
    hyper = resolve(registry(), ["hyperiqa"], [], Choices())[0].build().net
    theirs = {key: value for key, value in resnet.state_dict().items() if key[:3] != "fc."}
    torch.testing.assert_close(dict(hyper.base_model.state_dict()), theirs)
    resnet = torchvision.models.resnet18()
    torch.save(resnet.state_dict(), weights_dir() / "resnet18-f37072fd.pth")
    tres = resolve(registry(), ["tres"], ["tres.backbone=resnet18"], Choices())[0].build().net
    torch.testing.assert_close(tres.model.state_dict(), resnet.state_dict())


def test_weights_that_follow_need_none_to_start_from():
    """Loading published or trained weights asks for no ImageNet file."""
    assert resolve(registry(), ["tres"], ["tres.backbone=resnet18"], Choices())[0].build(
        loaded=True
    )
