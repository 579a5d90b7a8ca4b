"""What a model is. Structural types: a plugin's classes meet them without any base class."""

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
        """Learn from (N, F) features and (N,) qualities scaled to [0, 1], higher is better."""

    def predict(self, features: Features) -> Features:
        """Predict (N, F) -> (N,) in the scale of the qualities it was fitted to."""

    def state(self) -> State:
        """Everything learnt, as plain arrays."""

    def load_state(self, state: State) -> None:
        """Restore what :meth:`state` returned."""


@dataclass(frozen=True)
class Batch:
    """What a network learns from in one step."""

    images: Tensor
    """(B, 3, h, w) float32, normalised as the recipe says."""
    quality: Tensor
    """(B,) float32 in [0, 1], higher is better, scaled on the training part."""
    saliency: Tensor | None
    """(B, 1, h, w) float32 in [0, 1], cut from maps whose maximum is 1; None without saliency."""
    index: Tensor
    """(B,) int64, the row of each crop's picture in the training part."""


@runtime_checkable
class TrainableModel(Protocol):
    """A network; a plain ``nn.Module`` with ``forward`` and ``losses`` meets it.

    Optional methods the engine looks for: ``parameter_groups(stage) -> dict[str, list[Parameter]]``
    (groups that ``Stage.lr_groups`` names); and for explanations ``maps(images) -> dict[str,
    Tensor]``, with ``saliency`` too where it is an input, ``cam_layers() -> list[nn.Module]`` and
    ``takes_any_size: bool``.
    """

    def forward(self, images: Tensor, saliency: Tensor | None = None) -> Tensor:
        """Score one crop each, (B, 3, h, w) -> (B,), in the scaled quality of the training set.

        ``saliency`` is passed only where the card says ``saliency="input"``.
        """

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Named scalar losses of a batch; the engine weighs and adds them."""


def network(model: object) -> nn.Module:
    """The model as an ``nn.Module``.

    Raises:
        TypeError: it is none, or lacks ``losses``.
    """
    from torch import nn

    if not isinstance(model, nn.Module) or not callable(getattr(model, "losses", None)):
        raise TypeError(f"{type(model).__name__} is no nn.Module with a losses(batch) method")
    return model
