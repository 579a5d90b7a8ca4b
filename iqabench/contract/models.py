"""The interfaces of models. They are structural types: a plugin's classes need no base class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Features = NDArray[np.float64]
    State = Mapping[str, NDArray[Any]]


@runtime_checkable
class Scorer(Protocol):
    """A model that needs no fitting."""

    def score(self, images: Tensor) -> Tensor:
        """Score float32 RGB images in [0, 1], (B, 3, H, W) -> (B,), on the CPU."""


@runtime_checkable
class FullReferenceScorer(Protocol):
    """A scorer that compares each image with its pristine reference."""

    def score(self, images: Tensor, references: Tensor) -> Tensor:
        """Score float32 RGB pairs in [0, 1], both (B, 3, H, W) -> (B,), on the CPU."""


@runtime_checkable
class Estimator(Protocol):
    """A model that fits hand-made features with a classic regressor. Nothing is pickled."""

    def features(self, images: Tensor) -> Features:
        """Features of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, F) float64."""

    def fit(self, features: Features, quality: Features) -> None:
        """Learn from (N, F) features and (N,) qualities scaled to [0, 1]; higher is better."""

    def predict(self, features: Features) -> Features:
        """Predict (N, F) -> (N,) on the scale of the qualities in :meth:`fit`."""

    def state(self) -> State:
        """Everything learnt, as plain arrays."""

    def load_state(self, state: State) -> None:
        """Restore what :meth:`state` returned."""


@dataclass(frozen=True)
class Batch:
    """The data from which a network learns in one step."""

    images: Tensor
    """(B, 3, h, w) float32, normalised as the recipe says."""
    quality: Tensor
    """(B,) float32, scaled so that the training part lies in [0, 1]; higher is better."""
    saliency: Tensor | None
    """(B, 1, h, w) float32 in [0, 1], cut from maps whose maximum is 1; None without saliency."""
    index: Tensor
    """(B,) int64, the row of each crop's picture in the training part."""


@runtime_checkable
class TrainableModel(Protocol):
    """A network: an ``nn.Module`` with the methods ``forward`` and ``losses``.

    The engine also uses these members, which are optional:

    - ``prepare(batches: Iterable[Batch]) -> None``: called once before the first stage, in
      evaluation mode, with every picture of the training part as one view, without augmentation
      and saliency; a network may begin from a fit in closed form. ``batches`` reads pictures when
      it is iterated over.
    - ``parameter_groups(stage) -> dict[str, list[Parameter]]``: groups that ``Stage.lr_groups``
      names.
    - ``maps(images) -> dict[str, Tensor]``: maps for explanations. Where saliency is an input, it
      is the second argument.
    - ``scores_and_errors(images) -> tuple[Tensor, Tensor]``: the scores of ``forward``, (B,), and
      how far off each is expected to be on their scale, (B,); for weights whose ``Calibration`` is
      by ``expected error``.
    - ``cam_layers() -> list[nn.Module]``: layers for Grad-CAM.
    - ``takes_any_size: bool``: whether explanations show whole pictures in place of crops.
    """

    def forward(self, images: Tensor, saliency: Tensor | None = None) -> Tensor:
        """Score crops, (B, 3, h, w) -> (B,), on the scaled quality of the training set.

        ``saliency`` is passed only where the card says ``saliency="input"``.
        """

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Named scalar losses of a batch. The engine adds them, each times its weight."""


def network(model: object) -> nn.Module:
    """The model as an ``nn.Module``.

    Raises:
        TypeError: the model is no ``nn.Module``, or lacks ``losses``.
    """
    from torch import nn

    if not isinstance(model, nn.Module) or not callable(getattr(model, "losses", None)):
        raise TypeError(f"{type(model).__name__} is no nn.Module with a losses(batch) method")
    return model
