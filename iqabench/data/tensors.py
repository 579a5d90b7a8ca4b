"""Decoded pictures as tensors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from iqabench.data.picture_cache import cached
from iqabench.data.tables import Dataset


def picture_tensor(
    dataset: Dataset, name: str, allow_truncated: bool = False, *, often: bool = False
) -> Tensor:
    """A decoded picture, (3, H, W) uint8; from the cache it is mapped, read where it is used.

    Arguments as for :func:`iqabench.data.picture_cache.cached`.
    """
    path, content = dataset.path(name), dataset.image_hashes[name]
    picture = cached(path, content, allow_truncated, often=often)
    return torch.from_numpy(picture.pixels).permute(2, 0, 1)


def planes_of(picture: Tensor, saliency: Tensor | None = None) -> Tensor:
    """A uint8 picture and, if given, its map, as float32 planes in [0, 1], (3 or 4, H, W)."""
    # The division is in place: new memory takes more time than the arithmetic.
    colours = picture.to(torch.float32, copy=True).div_(255)
    return colours if saliency is None else torch.cat([colours, saliency.float()])


def scaled(planes: Tensor, factor: float) -> Tensor:
    """Planes in [0, 1], (C, H, W), with both sides times ``factor``, each at least 1 pixel."""
    if factor == 1:
        return planes
    size = tuple(max(1, round(side * factor)) for side in planes.shape[-2:])
    return resized(planes, size)


def resized(planes: Tensor, size: tuple[int, ...]) -> Tensor:
    """Planes in [0, 1], (C, H, W), resized to (h, w) by antialiased bicubic filtering."""
    found = functional.interpolate(planes[None], size=size, mode="bicubic", antialias=True)[0]
    return found.clamp(0, 1)
