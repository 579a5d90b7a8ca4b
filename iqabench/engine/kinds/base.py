"""The interface through which the engine runs a kind of model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from iqabench.contract.progress import Tick
from iqabench.engine.one_by_one import Prediction, Score, predictions
from iqabench.engine.predictions import ContentOf, Planes
from iqabench.protocols.plan import FitJob
from iqabench.protocols.requests import ModelRequest

if TYPE_CHECKING:
    from iqabench.contract.models import Features


@dataclass(frozen=True)
class Pictures:
    """Functions that give a model its input, by the name of the picture.

    Attributes:
        planes: the picture, (3 or 4, H, W) float32 in [0, 1].
        content_of: the hash of the picture's file.
        features: the features that an estimator computes of the picture, (F,).
        references: image -> pristine picture; None if the model does not compare the two.
    """

    planes: Planes
    content_of: ContentOf
    features: Callable[[Any, str], Features]
    references: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Ready:
    """A model with its weights: a function from picture names to scores, and its size."""

    score: Score
    parameters: int | None
    network: Any = None
    """The network behind the scores, an ``nn.Module``; None where there is none."""
    several: Callable[[Sequence[str]], Iterator[Prediction]] | None = None
    """Scores many pictures faster than ``score`` one by one; None where nothing does."""
    with_error: Callable[[str], tuple[float, float]] | None = None
    """A picture's score and its expected error; None where the weights' calibration needs none."""
    twin: Callable[[Pictures], Ready] | None = None
    """The same model for another thread and other pictures; None if it cannot be copied."""

    def predictions(self, names: Sequence[str]) -> Iterator[Prediction]:
        """Score pictures in their order."""
        return predictions(names, self.score) if self.several is None else self.several(names)


@dataclass(frozen=True)
class Fitted:
    """The results of a fit job, in addition to the weights in its folder."""

    images: int
    parameters: int
    epochs: int | None = None
    validation_srocc: float | None = None
    saliency: str | None = None


class Adapter(Protocol):
    """How the engine runs the models of one kind."""

    def fit(self, job: FitJob, folder: Path, tick: Tick) -> Fitted:
        """Fit the job's model and write its weights into the folder."""

    def ready(
        self, request: ModelRequest, weights: Path | None, pictures: Pictures, seed: int
    ) -> Ready:
        """Build a model and load its weights.

        Args:
            request: the model.
            weights: a file; None where the model learns nothing.
            pictures: what the model will score.
            seed: decides random test crops.

        Raises:
            WeightsError: the file is no weights file, or fits another model.
        """
