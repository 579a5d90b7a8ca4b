"""The transformer form's trunk: a ViT and two decoders as in MANIQA.

Three blocks, all on the grid of the ViT's patches:

1. the ViT, whose four chosen layers are concatenated;
2. Decoder_1: transposed attention, a 1x1 convolution to the ViT's width, Swin stage;
3. Decoder_2: the same, to half the ViT's width.

The ViT's layers behind the last chosen layer are left out, because nothing uses their output. After
Yang et al., MANIQA (CVPR Workshops 2022).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.swin_transformer import SwinTransformerBlock

from iqabench.kit.encoders import Edit, Init, pretrained

TAPS = 4
"""Number of the ViT's layers that are concatenated: layers 7 to 10 of a ViT with 12 layers."""
WINDOW = 4
HEADS = 4
SWIN_BLOCKS = 2
SWIN_LAYERS = 2
RESIDUAL = 0.8
"""Factor on a Swin layer's output, to which its input is added; from MANIQA's official settings."""
DROP_PATH = 0.1
DROPOUT = 0.1


class TransformerTrunk(nn.Module):
    """The ViT and its two decoders, with the interface of `iqabench.kit.encoders.Encoder`."""

    last = 3

    def __init__(self, name: str, init: Init, image_size: int) -> None:
        super().__init__()
        self.vit = _shortened_vit(name, init, image_size)
        width, side = int(self.vit.embed_dim), int(self.vit.patch_embed.grid_size[0])
        self.decoder1 = Decoder(TAPS * width, width, side * side, mlp=width)
        self.decoder2 = Decoder(width, width // 2, side * side, mlp=width)
        stride = image_size // side
        self.channels = (TAPS * width, width, width // 2)
        self.strides = (stride,) * 3

    def forward(self, images: Tensor, edit: Edit | None = None) -> Tensor:
        """(B, 3, S, S) -> (B, width / 2, S/stride, S/stride); ``edit`` as for an encoder."""
        feature = self._tokens(images)
        for number, part in ((1, None), (2, self.decoder1), (3, self.decoder2)):
            feature = feature if part is None else part(feature)
            feature = feature if edit is None else edit(number, feature)
        return feature

    def last_layer(self) -> nn.Module:
        """The layer whose output is the output of the trunk."""
        return self.decoder2

    def _tokens(self, images: Tensor) -> Tensor:
        depth = len(self.vit.blocks)
        found = self.vit.forward_intermediates(
            images, indices=list(range(depth - TAPS, depth)), intermediates_only=True
        )
        return torch.cat(found, 1)


def _shortened_vit(name: str, init: Init, image_size: int) -> Any:
    vit = pretrained(name, init, img_size=image_size)
    depth = len(vit.blocks)
    vit.blocks = vit.blocks[: min(depth, depth // 2 + TAPS)]
    vit.norm = nn.Identity()
    vit.fc_norm = nn.Identity()
    vit.reset_classifier(0, "")
    return vit


class Decoder(nn.Module):
    """Transposed attention, a 1x1 convolution, and a stage of Swin blocks."""

    def __init__(self, inputs: int, channels: int, positions: int, mlp: int) -> None:
        super().__init__()
        self.attention = nn.Sequential(
            TransposedAttention(positions), TransposedAttention(positions)
        )
        self.project = nn.Conv2d(inputs, channels, 1)
        self.stage = SwinStage(channels, mlp)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, channels, h, w)."""
        height, width = feature.shape[-2:]
        attended = self.attention(feature.flatten(2)).unflatten(2, (height, width))
        found: Tensor = self.stage(self.project(attended))
        return found


class TransposedAttention(nn.Module):
    """Attention between channels: each channel is a vector over positions."""

    def __init__(self, positions: int) -> None:
        super().__init__()
        self.queries = nn.Linear(positions, positions)
        self.keys = nn.Linear(positions, positions)
        self.values = nn.Linear(positions, positions)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, N) -> (B, C, N)."""
        attended = nn.functional.scaled_dot_product_attention(
            self.queries(feature), self.keys(feature), self.values(feature)
        )
        found: Tensor = feature + self.dropout(attended)
        return found


class SwinStage(nn.Module):
    """Swin layers, each of two shifted-window blocks and a convolution, with residuals."""

    def __init__(self, channels: int, mlp: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(DROPOUT)
        total = SWIN_LAYERS * SWIN_BLOCKS
        drop_path = [DROP_PATH * number / (total - 1) for number in range(total)]
        self.layers = nn.ModuleList(
            SwinLayer(channels, mlp, drop_path[start : start + SWIN_BLOCKS])
            for start in range(0, total, SWIN_BLOCKS)
        )

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        feature = self.dropout(feature)
        for layer in self.layers:
            feature = RESIDUAL * layer(feature) + feature
        return feature


class SwinLayer(nn.Module):
    """Swin blocks without and with shifted windows in turn, then a 3x3 convolution and ReLU."""

    def __init__(self, channels: int, mlp: int, drop_path: list[float]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                SwinTransformerBlock(
                    channels,
                    HEADS,
                    window_size=[WINDOW, WINDOW],
                    shift_size=[number % 2 * WINDOW // 2] * 2,
                    mlp_ratio=mlp / channels,
                    stochastic_depth_prob=probability,
                )
                for number, probability in enumerate(drop_path)
            )
        )
        self.convolution = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU())

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, C, h, w)."""
        mixed = self.blocks(feature.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        found: Tensor = self.convolution(mixed)
        return found
