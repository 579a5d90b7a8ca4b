"""The interfaces of saliency providers, which compute maps or read existing maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


@runtime_checkable
class SaliencyProvider(Protocol):
    """Predicts where people look; its card's kind is ``computed``."""

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W) in [0, 1].

        For every picture, the maximum of the map is 1, and no value is NaN.
        :func:`iqabench.kit.saliency.peak_at_one` brings maps into this form.
        """


@runtime_checkable
class SaliencyReader(Protocol):
    """Reads existing maps from files; its card's kind is ``read``.

    ``row`` is the picture's row of the canonical table (:mod:`iqabench.contract.datasets`), without
    cells that have no value. For a pristine picture without a row, it holds ``image`` only.
    """

    def sources(self, row: Mapping[str, Any], root: Path) -> Sequence[Path]:
        """The files that hold a picture's map, below the set's root or elsewhere.

        Raises:
            DataError: there is no map.
        """

    def load(
        self, row: Mapping[str, Any], root: Path, size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """A picture's map, (H, W) in [0, 1] with maximum 1; ``size`` is the picture's (H, W).

        Raises:
            DataError: there is no map, or the file holds no valid map.
        """
