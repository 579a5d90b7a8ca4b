"""Brings pictures to the size at which a provider computes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

ELONGATION = 8
"""Longer side over shorter side, at most: pictures that are longer still are squeezed, so that no
shape needs much memory."""
FLAT = 1e-4
"""Below this range of values, which is far below a step of 8 bits, a picture has no structure."""


def reduced(images: Tensor, short: int) -> Tensor:
    """Pictures, (B, C, H, W), resized so that the shorter side has ``short`` pixels."""
    sides = images.shape[-2:]
    scale = short / min(sides)
    size = [min(max(1, round(side * scale)), ELONGATION * short) for side in sides]
    if size == list(sides):
        return images
    return functional.interpolate(images, size=size, mode="bilinear", antialias=True)


def or_ones_where_flat(maps: Tensor, images: Tensor) -> Tensor:
    """Maps, (B, 1, h, w), with ones in place of those of pictures that have no structure."""
    ranges = images.amax((2, 3)) - images.amin((2, 3))
    flat = (ranges.amax(1) < FLAT).view(-1, 1, 1, 1)
    return torch.where(flat, torch.ones_like(maps), maps)
