"""What a saliency provider is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class SaliencyProvider(Protocol):
    """Predicts where people look."""

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W) in [0, 1].

        The maximum of every map is 1, and no value is NaN, whatever the picture.
        """
