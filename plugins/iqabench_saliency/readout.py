"""A learned readout of frozen features (after DeepGaze II, Kümmerer et al., ICCV 2017).

EfficientNet-Lite0 looks at the picture; 1x1 convolutions of its blocks' outputs, a blur and a
centre prior make the logarithm of the density of fixations. ``benchmarks/saliency_readout.py``
trains and tests it on the fixations of 200 photographs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import WeightsCard
from iqabench.kit.encoders import encoder
from iqabench.kit.weights import load_tensors, resolve

WEIGHTS = WeightsCard(
    name="saliency-readout",
    filename="saliency-readout.safetensors",
    package="iqabench_saliency:readout.safetensors",
    # Made by `python benchmarks/saliency_readout.py --ship`.
    sha256="065299d95254acdbf588a1ef77bfb065e4c152e84a0321fec3ae1d57010f2e26",
    size=546064,
    licence="Apache-2.0",
    trained_on=("scene200",),
)
AREA = 384 * 512
"""Pixels at which the encoder looks, about."""
STRIDE = 32
"""Sides are multiples of the encoder's stride, so that no border is padded in between."""
SHORTEST, LONGEST = 2 * STRIDE, 32 * STRIDE
"""Limits of the sides, for strips."""
BLOCKS = (3, 4, 5, 6)
"""Blocks of the encoder that are read, besides its last convolution."""
CHANNELS = (80, 112, 192, 320, 1280)
EXTREME = 8.0
"""Standard scores beyond which a feature says no more: rare channels have long tails."""
BLUR_RADIUS = 6
"""Cells of the map, 16 pixels of the resized picture each."""
PRIOR_SIDE = 64


def looked_at(height: int, width: int) -> tuple[int, int]:
    """The size at which the encoder sees a picture: its shape, and about :data:`AREA` pixels."""
    scale = math.sqrt(AREA / (height * width))
    first, second = (STRIDE * round(side * scale / STRIDE) for side in (height, width))
    return _limited(first), _limited(second)


def _limited(side: int) -> int:
    return min(max(side, SHORTEST), LONGEST)


class Features(nn.Module):
    """What the frozen encoder says of a picture."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.net = encoder("efficientnet-lite0", "default").net
        self.register_buffer("mean", torch.tensor(self.net.pretrained_cfg["mean"]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(self.net.pretrained_cfg["std"]).view(1, 3, 1, 1))
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [0, 1] -> the blocks' outputs, (B, C, h, w) with C of CHANNELS."""
        size = looked_at(*images.shape[-2:])
        small = functional.interpolate(images, size=size, mode="bilinear", antialias=True)
        small = ((small - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        net, found = self.net, []
        hidden = net.bn1(net.conv_stem(small))
        for number, block in enumerate(net.blocks):
            hidden = block(hidden)
            if number in BLOCKS:
                found.append(hidden)
        return [*found, net.bn2(net.conv_head(hidden))]


class Readout(nn.Module):
    """Small networks that turn features into log-densities of fixations, and a centre prior.

    Args:
        members: networks, whose log-densities are averaged.
        units: of the first and of the second layer of each.
    """

    prior: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, members: int = 8, units: tuple[int, int] = (16, 8)) -> None:
        super().__init__()
        first, second = units
        self.members, self.units = members, first
        self.read = nn.Parameter(
            torch.randn(members * first, sum(CHANNELS)) / math.sqrt(sum(CHANNELS))
        )
        self.bias = nn.Parameter(torch.zeros(members * first))
        self.hidden = nn.Conv2d(members * first, members * second, 1, groups=members)
        self.out = nn.Conv2d(members * second, members, 1, groups=members, bias=False)
        self.log_sigma = nn.Parameter(torch.full((members,), math.log(1.5)))
        self.prior_weight = nn.Parameter(torch.ones(members))
        self.register_buffer("prior", torch.zeros(PRIOR_SIDE, PRIOR_SIDE))
        self.register_buffer("mean", torch.zeros(1, sum(CHANNELS), 1, 1))
        self.register_buffer("scale", torch.ones(1, sum(CHANNELS), 1, 1))

    def forward(self, features: Sequence[Tensor], keep: float = 1.0) -> Tensor:
        """Log-densities but for a constant, (B, members, H, W), of the features' finest size.

        Args:
            features: (B, C, h, w), C of :data:`CHANNELS`.
            keep: share of the channels that each member sees, at random; 1 but in training.
        """
        height, width = features[0].shape[-2:]
        hidden = self.bias.view(-1, 1, 1)
        weights = self._thinned(keep)[..., None, None]
        parts = (
            torch.split(whole, list(CHANNELS), 1) for whole in (self.mean, self.scale, weights)
        )
        for feature, mean, scale, weight in zip(features, *parts, strict=True):
            plain = ((feature - mean) / scale).clamp(-EXTREME, EXTREME)
            found = functional.conv2d(plain, weight)
            hidden = hidden + functional.interpolate(found, (height, width), mode="bilinear")
        each = hidden.view(-1, self.members, self.units, height, width).movedim(2, -1)
        each = functional.layer_norm(each, (self.units,)).relu().movedim(-1, 2)
        found = self._blurred(self.out(self.hidden(each.flatten(1, 2)).relu()))
        return found + self.prior_weight.view(-1, 1, 1) * log_density(self.prior, (height, width))

    def _thinned(self, keep: float) -> Tensor:
        """The first layer's weights with zeros where a member does not see a channel."""
        if keep == 1:
            return self.read
        seen = torch.rand(self.members, sum(CHANNELS)) < keep
        return self.read * seen.repeat_interleave(self.units, 0) / keep

    def _blurred(self, maps: Tensor) -> Tensor:
        """Each member's maps, (B, members, H, W), smoothed by its own Gaussian."""
        place = torch.arange(-BLUR_RADIUS, BLUR_RADIUS + 1, device=maps.device)
        bells = (-(place**2) / (2 * (2 * self.log_sigma).exp()[:, None])).softmax(1)
        maps = functional.pad(maps, [BLUR_RADIUS] * 4, mode="replicate")
        maps = functional.conv2d(maps, bells[:, None, None, :], groups=self.members)
        return functional.conv2d(maps, bells[:, None, :, None], groups=self.members)


def log_density(prior: Tensor, size: tuple[int, int]) -> Tensor:
    """The log-density of a grid over the whole picture at another size, (h, w) -> (H, W)."""
    found = functional.interpolate(prior[None, None], size=size, mode="bilinear")[0, 0]
    return found - found.flatten().logsumexp(0)


class ReadoutSaliency:
    """The density of fixations that a learned readout of EfficientNet-Lite0 expects."""

    def __init__(self) -> None:
        self.features = Features()
        self.readout = Readout()
        self.readout.load_state_dict(load_tensors(resolve(WEIGHTS, otherwise=""))[0])
        self.readout.eval().requires_grad_(False)

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        A map divided by its sum is the density.
        """
        maps = self.readout(self.features(images)).mean(1, keepdim=True)
        maps = functional.interpolate(maps, size=images.shape[-2:], mode="bilinear")
        return (maps - maps.amax((2, 3), keepdim=True)).exp()
