"""The ridge: mean and deviation of every block's output over the whole picture, and a linear fit.

The encoder stays as it is. Only the regression learns, so a fit takes seconds once the features are
there, and the features are shared by all splits and seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from iqabench.contract import WeightsError
from iqabench.kit.block_statistics import statistics
from iqabench.kit.encoders import encoder
from iqabench.kit.ridge import Values, fit_ridge

from .options import RidgeOptions


class Ridge:
    """An estimator on the statistics of a frozen encoder."""

    def __init__(self, options: RidgeOptions) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)  # random weights must be the same in every process
            self._encoder = encoder(options.encoder, options.init).eval()
        normal = self._encoder.net.pretrained_cfg
        self._mean, self._std = (
            torch.tensor(normal[key]).view(1, 3, 1, 1) for key in ("mean", "std")
        )
        self._state: dict[str, Values] = {}

    @torch.inference_mode()
    def features(self, images: Tensor) -> Values:
        """Mean and standard deviation of every channel of every block's output.

        Float32 RGB images in [0, 1], (B, 3, H, W) -> (B, F) float64. F is twice the sum of the
        blocks' channels: 2,944 for EfficientNet-Lite0.
        """
        found: list[Tensor] = []

        def note(number: int, feature: Tensor) -> Tensor:
            found.append(statistics(feature))
            return feature

        normal = ((images - self._mean) / self._std).contiguous(memory_format=torch.channels_last)
        self._encoder(normal, note)
        return torch.cat(found, 1).double().numpy()

    def fit(self, features: Values, quality: Values) -> None:
        """Learn from (N, F) features and (N,) qualities in [0, 1]; see
        :func:`iqabench.kit.ridge.fit_ridge`.
        """
        fitted = fit_ridge(features, quality)
        coefficients = fitted.coefficients / fitted.spread
        self._state = {
            "coefficients": coefficients,
            "intercept": np.array([fitted.intercept - fitted.mean @ coefficients]),
            "alpha": np.array([fitted.alpha]),
        }

    def predict(self, features: Values) -> Values:
        """Predict (N, F) features -> (N,) float64, in the scale of the qualities fitted to.

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        state = self.state()
        predicted: Values = features @ state["coefficients"] + state["intercept"]
        return predicted

    def state(self) -> dict[str, Values]:
        """``coefficients`` (F,), ``intercept`` (1,) and the chosen penalty ``alpha`` (1,).

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        if not self._state:
            raise RuntimeError("the ridge has learnt nothing yet: call fit or load_state first")
        return dict(self._state)

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what :meth:`state` returned.

        Raises:
            WeightsError: an array is missing, or the encoder has another number of features.
        """
        features = 2 * sum(self._encoder.channels)
        shapes = {"coefficients": (features,), "intercept": (1,), "alpha": (1,)}
        for name, shape in shapes.items():
            if name not in state or state[name].shape != shape:
                raise WeightsError(
                    f"no ridge on this encoder: {name} is not {shape[0]} numbers",
                    "were these weights fitted with the same encoder?",
                )
        self._state = {name: np.asarray(state[name], np.float64) for name in shapes}
