"""EfficientNet-Lite: EfficientNet (Tan, Le, ICML 2019) without squeeze and excitation, with ReLU6.

It is timm's ``tf_efficientnet_lite0`` to ``2``: the same names, the same numbers to the last bit,
and the same random start. docs/design/why-lite-is-written-here.md says why it is here again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-3
STEM, LAST, CLASSES = 32, 1280, 1000
"""Channels of the first and the last convolution, which no size changes, and ImageNet's classes."""


@dataclass(frozen=True)
class Size:
    """How many times as wide and as deep as Lite0 a network is."""

    width: float = 1.0
    depth: float = 1.0

    def channels(self, lite0: int) -> int:
        """A multiple of 8 near the product; at least nine tenths of it."""
        wanted = lite0 * self.width
        near = max(8, int(wanted + 4) // 8 * 8)
        return near + 8 if near < 0.9 * wanted else near

    def blocks(self, lite0: int) -> int:
        """The product, rounded up."""
        return math.ceil(lite0 * self.depth)


SIZES = {
    "tf_efficientnet_lite0": Size(),
    "tf_efficientnet_lite1": Size(depth=1.1),
    "tf_efficientnet_lite2": Size(width=1.1, depth=1.2),
}
"""timm's name -> size."""


@dataclass(frozen=True)
class Stage:
    """Residual blocks of one width, in Lite0's numbers; the first block has the stride."""

    blocks: int
    kernel: int
    stride: int
    channels: int
    fixed: bool = False
    """Whether every size has the same number of blocks."""


STAGES = (
    Stage(1, 3, 1, 16, fixed=True),
    Stage(2, 3, 2, 24),
    Stage(2, 5, 2, 40),
    Stage(3, 3, 2, 80),
    Stage(3, 5, 1, 112),
    Stage(4, 5, 2, 192),
    Stage(1, 3, 1, 320, fixed=True),
)
EXPANSION = 6
"""Of every block's channels between its convolutions; the first stage has none."""


class EfficientNetLite(nn.Module):
    """ImageNet's classifier, of which an encoder takes :meth:`forward_features`."""

    pretrained_cfg: ClassVar = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
    """timm's name for how pictures are normalised."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.conv_stem = _convolution(3, STEM, 3, 2)
        self.bn1 = NormalisedReLU6(STEM)
        for _ in range(2):  # timm tries a layer here; without its draws all seeds would change
            nn.Conv2d(8, 8, 1)
        stages, before = [], STEM
        for place, stage in enumerate(STAGES):
            width = size.channels(stage.channels)
            blocks: list[nn.Module] = []
            for number in range(stage.blocks if stage.fixed else size.blocks(stage.blocks)):
                stride = 1 if number else stage.stride
                kind = Inverted if place else Separable
                blocks.append(kind(before, width, stage.kernel, stride))
                before = width
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = _convolution(before, LAST, 1, 1)
        self.bn2 = NormalisedReLU6(LAST)
        self.classifier: nn.Module = nn.Linear(LAST, CLASSES)
        self.apply(_start)

    @property
    def feature_info(self) -> list[dict[str, str]]:
        """The modules at which an encoder's blocks end: those before a stage with a stride."""
        ends = [place - 1 for place, stage in enumerate(STAGES) if stage.stride > 1]
        return [{"module": f"blocks.{place}"} for place in (*ends, len(STAGES) - 1)]

    def reset_classifier(self, classes: int) -> None:
        """Take a classifier of so many classes; 0 takes none."""
        self.classifier = nn.Linear(LAST, classes) if classes else nn.Identity()

    def forward_features(self, images: Tensor) -> Tensor:
        """Normalised pictures, (B, 3, H, W) -> (B, 1280, H / 32, W / 32), sides rounded up."""
        found: Tensor = self.bn2(self.conv_head(self.blocks(self.bn1(self.conv_stem(images)))))
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Normalised pictures, (B, 3, H, W) -> logits, (B, classes)."""
        found: Tensor = self.classifier(self.forward_features(images).mean((2, 3)))
        return found


class Separable(nn.Module):
    """A convolution of each channel by itself, and one across channels."""

    def __init__(self, before: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = _convolution(before, before, kernel, stride, groups=before)
        self.bn1 = NormalisedReLU6(before)
        self.conv_pw = _convolution(before, width, 1, 1)
        self.bn2 = nn.BatchNorm2d(width, EPSILON)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, before, h, w) -> (B, width, h / stride, w / stride)."""
        found: Tensor = self.bn2(self.conv_pw(self.bn1(self.conv_dw(feature))))
        return found


class Inverted(nn.Module):
    """An inverted residual: wider, each channel by itself, and narrower again."""

    def __init__(self, before: int, width: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = EXPANSION * before
        self.conv_pw = _convolution(before, wide, 1, 1)
        self.bn1 = NormalisedReLU6(wide)
        self.conv_dw = _convolution(wide, wide, kernel, stride, groups=wide)
        self.bn2 = NormalisedReLU6(wide)
        self.conv_pwl = _convolution(wide, width, 1, 1)
        self.bn3 = nn.BatchNorm2d(width, EPSILON)
        self.is_residual = stride == 1 and before == width

    def forward(self, feature: Tensor) -> Tensor:
        """(B, before, h, w) -> (B, width, h / stride, w / stride)."""
        inner = self.bn2(self.conv_dw(self.bn1(self.conv_pw(feature))))
        found: Tensor = self.bn3(self.conv_pwl(inner))
        return found + feature if self.is_residual else found


class NormalisedReLU6(nn.BatchNorm2d):
    """A batch normalisation and the ReLU6 behind it, which are one layer to who looks at it."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, EPSILON)
        self.act = nn.ReLU6(inplace=True)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> the same shape, in [0, 6]."""
        found: Tensor = self.act(super().forward(feature))
        return found


class HalvingConvolution(nn.Conv2d):
    """A convolution of stride 2 that pads as TensorFlow does: where a side is even, more behind."""

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, channels, h / 2, w / 2), sides rounded up."""
        kernel = self.kernel_size[0]
        height, width = (kernel - 2 + side % 2 for side in feature.shape[-2:])
        sides = (width // 2, width - width // 2, height // 2, height - height // 2)
        return super().forward(functional.pad(feature, sides))


def _convolution(before: int, width: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    if stride == 1:
        return nn.Conv2d(before, width, kernel, padding=kernel // 2, groups=groups, bias=False)
    return HalvingConvolution(before, width, kernel, stride, groups=groups, bias=False)


def _start(module: nn.Module) -> None:
    """Random weights by the width of a layer's output, as TensorFlow's networks have them."""
    if isinstance(module, nn.Conv2d):
        fan = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0, math.sqrt(2 / fan))
    elif isinstance(module, nn.Linear):
        bound = 1 / math.sqrt(module.out_features)
        nn.init.uniform_(module.weight, -bound, bound)
        nn.init.zeros_(module.bias)
