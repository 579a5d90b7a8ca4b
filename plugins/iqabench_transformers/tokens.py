"""A grid of features as tokens, and the transformer that reads them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from iqabench.contract import UsageError

START = 0.02
"""Standard deviation of what is learnt from noise, as in ViT."""


class Positions(nn.Module):
    """Learnt positions on a grid, resampled for grids of any other size."""

    def __init__(self, width: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.table = nn.Parameter(START * torch.randn(1, width, *grid))

    def forward(self, feature: Tensor) -> Tensor:
        """(B, C, h, w) -> the same, with positions added."""
        size = feature.shape[-2:]
        if size == self.table.shape[-2:]:
            return feature + self.table
        return feature + functional.interpolate(self.table, size=size, mode="bilinear")


class Attention(nn.Module):
    """Self-attention of several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inputs = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        split = self.inputs(tokens).unflatten(2, (3, self.heads, -1))
        queries, keys, values = split.permute(2, 0, 3, 1, 4)
        read = functional.scaled_dot_product_attention(queries, keys, values)
        found: Tensor = self.output(read.transpose(1, 2).flatten(2))
        return found


class Layer(nn.Module):
    """Self-attention and two fully connected layers, each added to its input and normalised.

    Vaswani et al., "Attention is all you need" (NeurIPS 2017), whose layers normalise last.
    """

    def __init__(self, width: int, heads: int, feed_forward: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, feed_forward), nn.ReLU(), nn.Linear(feed_forward, width)
        )
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=1e-6) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        tokens = self.norm1(tokens + self.dropout(self.attention(tokens)))
        found: Tensor = self.norm2(tokens + self.dropout(self.feed_forward(tokens)))
        return found


def transformer(
    width: int, layers: int, heads: int, feed_forward: int, dropout: float
) -> nn.Sequential:
    """Layers that map (B, N, width) to (B, N, width).

    Raises:
        UsageError: the heads cannot share the channels evenly.
    """
    if width % heads:
        raise UsageError(
            f"{heads} heads cannot share tokens of {width} channels", "choose other heads or width"
        )
    return nn.Sequential(*(Layer(width, heads, feed_forward, dropout) for _ in range(layers)))
