"""Folding changes how long a score takes, and not the score."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from iqabench.engine.folding import Folded, ReLU6OfBits
from iqabench.kit.encoders import encoder


def _alive(network: Any) -> Any:
    """A network in evaluation mode whose normalisations change what they get."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 2)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return network.eval()


def _normalisations(network: nn.Module) -> int:
    return sum(isinstance(one, nn.modules.batchnorm._BatchNorm) for one in network.modules())


@pytest.mark.parametrize("name", ["resnet10t", "tf_efficientnet_lite0", "vgg11_bn"])
@torch.inference_mode()
def test_scores_stay_and_normalisation_goes(name: str) -> None:
    network = _alive(timm.create_model(name, num_classes=1))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    images = torch.rand(2, 3, 64, 96)
    expected = network(images)
    folded = Folded(network)
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-4)
    assert _normalisations(folded) == 0
    # The network itself is as it was: other parts, such as its maps, go on with it.
    assert all(torch.equal(network.state_dict()[key], value) for key, value in before.items())
    assert not any(module._forward_hooks for module in network.modules())


@torch.inference_mode()
def test_the_copy_has_its_own_hooks() -> None:
    """An encoder gives its blocks to a function by hooks, which must be those of the copy."""

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk = encoder("efficientnet-lite0", "random")

        def forward(self, images: Tensor) -> Tensor:
            sums: list[Tensor] = []

            def note(_: int, feature: Tensor) -> Tensor:
                sums.append(feature.mean((1, 2, 3)))
                return feature + 0.1

            self.trunk(images, note, lambda layer: sums.append(layer.mean((1, 2, 3))))
            return torch.stack(sums).sum(0)

    network = _alive(Network())
    images = torch.rand(1, 3, 64, 64)
    folded = Folded(network)
    torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-4)
    assert _normalisations(folded) == 0


class _TwoUses(nn.Module):
    """A convolution whose output is normalised, and used as it is besides."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.normalisation = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        found = self.convolution(images)
        return (found + self.normalisation(found)).mean((1, 2, 3))


class _Siamese(nn.Module):
    """One convolution with a normalisation for each of two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 4, 3)
        self.left, self.right = nn.BatchNorm2d(4), nn.BatchNorm2d(4)

    def forward(self, images: Tensor) -> Tensor:
        left, right = self.left(self.convolution(images)), self.right(self.convolution(-images))
        return (left - right).mean((1, 2, 3))


class _First(nn.Module):
    """A normalisation without a convolution before it."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3))

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.layers(images)
        return found.mean((1, 2, 3))


class _Uncopied(_First):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("no copies")


@pytest.mark.parametrize("kind", [_TwoUses, _Siamese, _First, _Uncopied])
@torch.inference_mode()
def test_what_cannot_be_folded_stays(kind: type[nn.Module]) -> None:
    network, images = _alive(kind()), torch.rand(2, 3, 16, 16)
    folded = Folded(network)
    assert torch.equal(folded(images), network(images))
    assert folded.network is network


@torch.inference_mode()
def test_other_weights_are_shared() -> None:
    network = _alive(
        nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 14 * 14, 1)
        )
    )
    folded = Folded(network)
    folded(torch.rand(1, 3, 16, 16))
    copy: Any = folded.network
    assert copy is not network
    assert copy[3].weight is network[3].weight
    assert copy[0].weight is not network[0].weight


@pytest.mark.parametrize("name", ["resnet10t", "tf_efficientnet_lite0", "test_vit"])
@torch.inference_mode()
def test_under_autocast_weights_are_rounded_once(name: str) -> None:
    network = _alive(timm.create_model(name, num_classes=1))
    size = (96, 96) if name == "test_vit" else (64, 96)
    images = torch.rand(2, 3, *size)
    exact, folded = Folded(network), Folded(network)
    exact(images)
    with torch.autocast("cpu", torch.bfloat16):
        folded(images)
        torch.testing.assert_close(folded(images), exact(images), rtol=1e-4, atol=1e-4)
    for copy, module in zip(_convolutions(folded), _convolutions(network), strict=True):
        assert copy.weight.dtype == torch.bfloat16
        assert module.weight.dtype == torch.float32


def _convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [one for one in network.modules() if isinstance(one, nn.Conv2d)]


@torch.inference_mode()
def test_a_convolution_that_is_computed_exactly_keeps_its_weights() -> None:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 4, 3)

        def forward(self, images: Tensor) -> Tensor:
            with torch.autocast("cpu", enabled=False):
                return self.convolution(images).mean((1, 2, 3))

    network, images = Network().eval(), torch.rand(2, 3, 16, 16)
    folded = Folded(network)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(folded(images), network(images))
    assert folded.network is network


@torch.inference_mode()
def test_relu6_of_bits_is_torchs() -> None:
    every = torch.arange(-(2**15), 2**15).to(torch.int16).view(torch.bfloat16)
    numbers = every[~every.isnan()]
    assert torch.equal(ReLU6OfBits()(numbers.clone()), nn.functional.relu6(numbers))
    floats = torch.tensor([-1.0, 0.5, 7.0])
    assert torch.equal(ReLU6OfBits()(floats.clone()), nn.functional.relu6(floats))


def _bits(network: nn.Module) -> int:
    return sum(isinstance(one, ReLU6OfBits) for one in network.modules())


@torch.inference_mode()
def test_bfloat16_is_cut_by_its_bits_unless_a_weight_is_no_number() -> None:
    """Else a damaged network would have scores: NaN would come out of every ReLU6 as 0 or 6."""
    images = torch.rand(1, 3, 64, 64)
    network: Any = _alive(encoder("efficientnet-lite0", "random"))
    whole = nn.Sequential(network, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 1))
    expected, folded = Folded(whole), Folded(whole)
    with torch.autocast("cpu", torch.bfloat16):
        found = folded(images)
        assert _bits(folded) == sum(type(one) is nn.ReLU6 for one in whole.modules()) > 30
        assert torch.equal(folded(images), found)
    expected(images)
    assert _bits(expected) == 0  # in float32
    network.net.bn1.weight[0] = float("nan")
    damaged = Folded(whole)
    with torch.autocast("cpu", torch.bfloat16):
        assert damaged(images).isnan().all()
    assert _bits(damaged) == 0
