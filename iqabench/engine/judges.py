"""The interface of what scores loose pictures: torch's models and exported ONNX files."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from iqabench.contract.cards import Calibration
from iqabench.data.given import Shown

Plane = NDArray[np.float32]


class Verdict(NamedTuple):
    """A score, and how far off the model expects it to be; None where it cannot tell."""

    score: float
    error: float | None = None


class Judge(Protocol):
    """A model with its weights, ready to score pictures."""

    @property
    def label(self) -> str:
        """What rows call it."""

    @property
    def direction(self) -> str:
        """Whether ``higher`` or ``lower`` scores are better."""

    @property
    def full_reference(self) -> bool:
        """Whether it compares pictures with references."""

    @property
    def calibration(self) -> Calibration | None:
        """What its scores mean to people; None if that was not measured."""

    def score(self, picture: Shown, reference: Shown | None) -> Verdict:
        """The score of a picture; any exception means that it has none."""

    def twin(self) -> Judge | None:
        """A copy with the same weights, which another thread may use; None where there is none.

        Any exception means the same.
        """

    def maps(self, picture: Shown) -> dict[str, Plane]:
        """The maps that the model predicts of a picture, by name, each (h, w) not below 0."""
