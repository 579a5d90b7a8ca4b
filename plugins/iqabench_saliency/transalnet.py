"""TranSalNet (Lou et al., Neurocomputing 2022): a convolutional encoder, transformers, a decoder.

Modules are named as in the authors' code, so that their state dicts fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract.errors import WeightsError
from iqabench.kit.saliency import peak_at_one
from iqabench.kit.weights import load_tensors
from iqabench_saliency.options import TranSalNetOptions

HEIGHT, WIDTH = 288, 384
"""The learnt positions fit this size alone."""
PADDING = 1 / 255
"""What surrounds a picture of another shape: ones, of bytes."""
GRIDS = ((9, 12), (18, 24), (36, 48))
"""At strides 32, 16 and 8."""
HIDDEN, HEADS, LAYERS = (768, 768, 512), (12, 12, 8), 2
WIDTHS = (768, 768, 512, 256, 128, 64, 32, 1)
CHANNELS = {"resnet50": (2048, 1024, 512), "densenet161": (2208, 2112, 768)}
"""Of the encoders' features at strides 32, 16 and 8."""
TAPS = {"resnet50": (5, 6, 7), "densenet161": (6, 8, 10)}
"""Which of the encoder's parts end at strides 8, 16 and 32."""


class TranSalNet:
    """The network, loaded, and how pictures are shown to it."""

    def __init__(self, options: TranSalNetOptions) -> None:
        tensors, _ = load_tensors(options.file)
        self.network = Network(_backbone(tensors, options.file.name))
        try:
            self.network.load_state_dict(tensors)
        except RuntimeError as error:
            what = str(error).splitlines()[1:2] or [str(error)]
            raise WeightsError(
                f"{options.file.name} is no TranSalNet: {what[0].strip()}",
                "the authors' TranSalNet_Res.pth or TranSalNet_Dense.pth is wanted",
            ) from error
        self.network.eval()
        self.flip = options.channels == "bgr"

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        Pictures are brought to 288x384 in their own shape, with a rim around them.
        """
        height, width = images.shape[-2:]
        scale = min(HEIGHT / height, WIDTH / width)
        size = (max(1, int(height * scale)), max(1, int(width * scale)))
        small = functional.interpolate(images, size=size, mode="bilinear", antialias=True)
        top, left = (HEIGHT - size[0]) // 2, (WIDTH - size[1]) // 2
        shown = images.new_full((len(images), 3, HEIGHT, WIDTH), PADDING)
        shown[..., top : top + size[0], left : left + size[1]] = small.clamp(0, 1)
        with torch.inference_mode():
            maps = self.network(shown.flip(1) if self.flip else shown)
        return peak_at_one(maps[..., top : top + size[0], left : left + size[1]], (height, width))


def _backbone(tensors: Mapping[str, Tensor], file: str) -> str:
    """The encoder whose features the state dict's first projection takes."""
    found = tensors.get("decoder.TransEncoder1.patch_embeddings.weight", torch.empty(0, 0))
    for name, channels in CHANNELS.items():
        if found.shape[1] == channels[0]:
            return name
    raise WeightsError(
        f"{file} is no TranSalNet: its tensors fit neither encoder",
        "the authors' TranSalNet_Res.pth or TranSalNet_Dense.pth is wanted",
    )


class Network(nn.Module):
    """(B, 3, 288, 384) in [0, 1] -> maps, (B, 1, 288, 384), in [0, 1]."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.encoder = Encoder(backbone)
        self.decoder = Decoder(CHANNELS[backbone])

    def forward(self, images: Tensor) -> Tensor:
        """Maps of whole pictures."""
        found: Tensor = self.decoder(self.encoder(images))
        return found


class Encoder(nn.Module):
    """The convolutional network, without weights of its own."""

    def __init__(self, backbone: str) -> None:
        from torchvision import models

        super().__init__()
        net = getattr(models, backbone)(weights=None)
        parts = list(net.features.children() if hasattr(net, "features") else net.children())
        self.taps = TAPS[backbone]
        self.encoder = nn.ModuleList(parts[: self.taps[-1] + 1])

    def forward(self, images: Tensor) -> list[Tensor]:
        """Features at strides 32, 16 and 8."""
        found = []
        for number, part in enumerate(self.encoder):
            images = part(images)
            if number in self.taps:
                found.append(images)
        return found[::-1]


class Decoder(nn.Module):
    """Transformers over each grid, joined from coarse to fine."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        for number, (wide, narrow) in enumerate(pairwise(WIDTHS), 1):
            self.add_module(f"conv{number}", nn.Conv2d(wide, narrow, 3, padding=1))
            if number < len(WIDTHS) - 1:
                self.add_module(f"batchnorm{number}", nn.BatchNorm2d(narrow))
        for number, asked in enumerate(zip(channels, GRIDS, HIDDEN, HEADS, strict=True), 1):
            self.add_module(f"TransEncoder{number}", GridTransformer(*asked))

    def forward(self, features: list[Tensor]) -> Tensor:
        """(B, 1, 288, 384) from features at strides 32, 16 and 8."""
        seen = [self.get_submodule(f"TransEncoder{n}")(f) for n, f in enumerate(features, 1)]
        maps = self._step(1, seen[0])
        for number in (2, 3):
            maps = self._step(number, (_doubled(maps) * seen[number - 1]).relu())
        for number in (4, 5, 6):
            maps = self._step(number, _doubled(maps))
        found: Tensor = self.get_submodule("conv7")(maps).sigmoid()
        return found

    def _step(self, number: int, maps: Tensor) -> Tensor:
        convolved = self.get_submodule(f"conv{number}")(maps)
        found: Tensor = self.get_submodule(f"batchnorm{number}")(convolved).relu()
        return found


def _doubled(maps: Tensor) -> Tensor:
    return functional.interpolate(maps, scale_factor=2, mode="nearest")


class GridTransformer(nn.Module):
    """Projects features, adds learnt positions, and lets all places attend to each other."""

    def __init__(self, channels: int, grid: tuple[int, int], hidden: int, heads: int) -> None:
        super().__init__()
        self.patch_embeddings = nn.Conv2d(channels, hidden, 1)
        self.position_embeddings = nn.Parameter(torch.zeros(1, grid[0] * grid[1], hidden))
        self.transformer_encoder = Transformer(hidden, heads)

    def forward(self, features: Tensor) -> Tensor:
        """(B, channels, h, w) -> (B, hidden, h, w)."""
        grid = features.shape[-2:]
        tokens = self.patch_embeddings(features).flatten(2).mT + self.position_embeddings
        found: Tensor = self.transformer_encoder(tokens).mT.unflatten(2, grid)
        return found


class Transformer(nn.Module):
    """Blocks with their normalisation first, and one at the end."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Block(hidden, heads) for _ in range(LAYERS))
        self.encoder_norm = nn.LayerNorm(hidden, eps=1e-6)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, n, hidden), as given."""
        for layer in self.layer:
            tokens = layer(tokens)
        found: Tensor = self.encoder_norm(tokens)
        return found


class Block(nn.Module):
    """Attention, then two layers for each token."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(hidden, eps=1e-6)
        self.attn = Attention(hidden, heads)
        self.ffn_norm = nn.LayerNorm(hidden, eps=1e-6)
        self.ffn = nn.Sequential()
        self.ffn.add_module("fc1", nn.Linear(hidden, 4 * hidden))
        self.ffn.add_module("act", nn.GELU())
        self.ffn.add_module("fc2", nn.Linear(4 * hidden, hidden))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, n, hidden), as given."""
        tokens = tokens + self.attn(self.attention_norm(tokens))
        found: Tensor = tokens + self.ffn(self.ffn_norm(tokens))
        return found


class Attention(nn.Module):
    """Scaled dot products of several heads."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(hidden, hidden) for _ in range(4))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, n, hidden), as given."""
        parts = (
            layer(tokens).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        seen = functional.scaled_dot_product_attention(*parts)
        found: Tensor = self.out(seen.transpose(1, 2).flatten(2))
        return found
