"""Label scaling to [0, 1], and how weights files keep it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from iqabench.contract.errors import DataError
from iqabench.kit.weights import SCALE

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
Scores = TypeVar("Scores", float, "Tensor")


@dataclass(frozen=True)
class LabelScale:
    """A linear scale; its limits are the lowest and the highest quality of a training part."""

    low: float
    high: float

    @classmethod
    def of(cls, quality: Array) -> LabelScale:
        """The scale of a training part's qualities, (N,).

        Raises:
            DataError: all qualities are equal.
        """
        low, high = float(quality.min()), float(quality.max())
        if low == high:
            raise DataError("every training label is the same", "nothing can be learnt from them")
        return cls(low, high)

    def down(self, quality: Array) -> Array:
        """Qualities, (N,), on the scale. Those of the training part lie in [0, 1]."""
        return (quality - self.low) / (self.high - self.low)

    def up(self, scaled: Scores) -> Scores:
        """A scaled quality, or a tensor of them, in the units of the training set."""
        return self.low + scaled * (self.high - self.low)

    def metadata(self) -> dict[str, str]:
        """The scale as safetensors keeps it."""
        return {SCALE: json.dumps([self.low, self.high])}

    @classmethod
    def from_metadata(cls, metadata: dict[str, str] | None) -> LabelScale:
        """The scale that :meth:`metadata` kept; without one, the scale that changes nothing."""
        return cls(*json.loads((metadata or {}).get(SCALE, "[0.0, 1.0]")))


UNCHANGED = LabelScale(0, 1)
"""The scale that changes nothing."""
