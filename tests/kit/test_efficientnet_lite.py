"""The EfficientNet-Lites are timm's to the last bit, and need no timm."""

import subprocess
import sys

import pytest
import timm
import torch
from torch import nn

from iqabench.kit.efficientnet_lite import SIZES, EfficientNetLite

each_size = pytest.mark.parametrize("name", SIZES)
PROGRAM = """
import sys
from PIL import Image
import iqabench

iqabench.score_pictures("biosiqnet-lite", Image.linear_gradient("L").convert("RGB"))
print([name for name in ("timm", "torchvision", "torch._dynamo", "pandas") if name in sys.modules])
"""


def both(name: str, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    """timm's network and ours from one seed."""
    torch.manual_seed(seed)
    theirs = timm.create_model(name)
    torch.manual_seed(seed)
    ours = EfficientNetLite(SIZES[name])
    for network in (theirs, ours):
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 0.1
                drawn = torch.Generator().manual_seed(module.num_features)
                module.running_mean.normal_(0, 0.1, generator=drawn)
                module.running_var.uniform_(0.5, 2, generator=drawn)
    return theirs, ours


@each_size
def test_the_start_is_timms(name: str) -> None:
    torch.manual_seed(1)
    theirs, drawn = timm.create_model(name).state_dict(), torch.rand(1)
    torch.manual_seed(1)
    ours = EfficientNetLite(SIZES[name]).state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert torch.equal(torch.rand(1), drawn)  # what is built next also has its numbers


@each_size
@pytest.mark.parametrize("size", [(64, 96), (65, 97), (38, 71)])
def test_outputs_are_timms(name: str, size: tuple[int, int]) -> None:
    theirs, ours = both(name)
    images = torch.rand(2, 3, *size)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))
        features = ours.forward_features(images)
        torch.testing.assert_close(features, theirs.forward_features(images))
    assert features.shape[1:] == (1280, -(-size[0] // 32), -(-size[1] // 32))


def test_a_step_of_training_is_timms() -> None:
    theirs, ours = both("tf_efficientnet_lite0")
    images = torch.rand(4, 3, 64, 64)
    for network in (theirs, ours):
        network.train()(images).square().mean().backward()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)
    for key, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[key], value)


@each_size
def test_blocks_end_where_timms_do(name: str) -> None:
    theirs, ours = timm.create_model(name), EfficientNetLite(SIZES[name])
    assert [one["module"] for one in ours.feature_info] == [
        one["module"] for one in theirs.feature_info
    ]
    for fact, value in ours.pretrained_cfg.items():
        assert theirs.pretrained_cfg[fact] == value


def test_a_score_needs_neither_timm_nor_torchvision() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
