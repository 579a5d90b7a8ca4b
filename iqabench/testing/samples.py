"""Pictures for checks: smooth, with edges and noise, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def pictures(number: int, height: int, width: int, first: int = 0) -> Tensor:
    """Different pictures, (number, 3, height, width) float32 in [0, 1], noisier from one to the
    next; ``first`` is the number of the first."""
    import torch

    return torch.stack([_picture(first + index, height, width) for index in range(number)])


def grey(number: int, height: int, width: int) -> Tensor:
    """The same with three equal channels."""
    return pictures(number, height, width).mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous()


def worse(images: Tensor) -> Tensor:
    """The pictures with strong noise, in [0, 1]."""
    import torch

    noise = torch.randn(images.shape[1:], generator=torch.Generator().manual_seed(9))
    return (images + 0.15 * noise).clamp(0, 1)


def _picture(seed: int, height: int, width: int) -> Tensor:
    import torch

    random = torch.Generator().manual_seed(seed)
    y = torch.linspace(0, 1, height)[None, :, None]
    x = torch.linspace(0, 1, width)[None, None, :]
    a, b, c, d = torch.rand((4, 3, 1, 1), generator=random)
    waves = 0.5 + 0.2 * torch.sin(6 * a * x + 9 * b * y) + 0.1 * torch.sin(60 * (c * x - d * y))
    edge = 0.15 * ((x - 0.5) ** 2 + (y - a) ** 2 < 0.06)
    noise = 0.012 * (1 + seed % 8) * torch.randn((3, height, width), generator=random)
    found: Tensor = (waves + edge + noise).clamp(0, 1)
    return found
