"""BRISQUE: quality from the statistics of locally normalised luminance.

Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain, IEEE TIP
21(12), 2012. The features follow the authors' MATLAB release rather than the paper where the two
leave a choice, because its numbers are the ones the literature reports:

- grey levels are whole numbers, as ``rgb2gray`` returns them for 8-bit images (its coefficients
  are not BT.601's 0.299, 0.587, 0.114 but differ from them by less than 1e-4; these are used here);
- outside the image lies black (``filter2(..., 'same')``) rather than a repetition of its edge, as
  some ports have it;
- neighbours are paired around the edges (``circshift``), so every coefficient has all four.

In perfectly flat regions the release counts the signs of rounding noise. There public
implementations differ by some percent; :func:`.nss.mscn` says what is done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import gammaln

from iqabench.contract import DataError

from . import brisque_pypi
from .nss import Values, fit_ggd, fit_product_aggds, gray_levels, halve, mscn
from .options import BrisqueOptions

if TYPE_CHECKING:
    from torch import Tensor

FEATURES = 36
_SMALLEST = 16  # pixels; the window must still fit the second scale
_ROWS_AT_ONCE = 1024  # bounds the memory of the kernel matrix


def brisque_features(gray: NDArray[np.floating]) -> Values:
    """The features of one image, (H, W) grey levels 0..255 -> (36,) float64.

    18 at full and 18 at half size: shape and variance of the MSCN coefficients, then shape, mean,
    left and right variance of the products of horizontal, vertical and both diagonal neighbours.
    All are finite, for constant images too.

    Raises:
        DataError: a side is shorter than 16 pixels.
    """
    _check_size(gray)
    return np.concatenate([_scale_features(gray), _scale_features(halve(gray))])


def _check_size(gray: NDArray[np.floating]) -> None:
    if min(gray.shape) < _SMALLEST:
        shape = "x".join(map(str, gray.shape))
        raise DataError(
            f"BRISQUE cannot tell anything of {shape} pixels",
            f"both sides must be {_SMALLEST} or longer",
        )


def _scale_features(gray: NDArray[np.floating]) -> Values:
    """The 18 features of one scale."""
    coefficients = mscn(gray)
    shape, sigma = fit_ggd(coefficients)
    features = [shape, sigma**2]
    for shape, left, right in fit_product_aggds(coefficients):
        features.extend(_product_features(shape, left, right))
    return np.array(features, dtype=np.float64)


def _product_features(shape: Values, left: Values, right: Values) -> tuple[Values, ...]:
    log_ratio = gammaln(2 / shape) - (gammaln(1 / shape) + gammaln(3 / shape)) / 2
    return shape, (right - left) * np.exp(log_ratio), left**2, right**2


class Brisque:
    """BRISQUE as an estimator: 36 features and a support vector regression.

    The regression is the published one, LIBSVM's epsilon-SVR with a radial kernel, C = 1024,
    gamma = 0.05 and epsilon = 0.1, on features scaled to [-1, 1]. These constants hold for quality
    on a scale of 0..100, so qualities in [0, 1] are multiplied by 100 for fitting and the result is
    divided by 100 again. That equals C = 10.24, epsilon = 0.001 and a hundredth of LIBSVM's
    tolerance on [0, 1].
    """

    _COST, _GAMMA, _EPSILON, _QUALITY_SCALE = 1024.0, 0.05, 0.1, 100.0

    def __init__(self, options: BrisqueOptions | None = None) -> None:
        """Keep the options; None stands for the default ones."""
        self._options = options or BrisqueOptions()
        self._state: dict[str, NDArray[np.float64]] = {}

    def features(self, images: Tensor) -> Values:
        """Features of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 36) float64.

        Raises:
            DataError: a side is shorter than 16 pixels.
        """
        rows = [self._features(image) for image in images]
        return np.stack(rows) if rows else np.empty((0, FEATURES))

    def _features(self, image: Tensor) -> Values:
        if self._options.features == "matlab":
            return brisque_features(gray_levels(image))
        gray = brisque_pypi.gray(image)
        _check_size(gray)
        return brisque_pypi.features(gray)

    def fit(self, features: Values, quality: Values) -> None:
        """Learn from (N, 36) features and (N,) qualities in [0, 1].

        Feature ranges are those of these N rows; a column that is constant in them is ignored.
        """
        from sklearn.svm import SVR  # not needed, and slow to import, where a fit is only loaded

        low, high = features.min(axis=0), features.max(axis=0)
        svr = SVR(C=self._COST, gamma=self._GAMMA, epsilon=self._EPSILON)
        svr.fit(_scaled(features, low, high), quality * self._QUALITY_SCALE)
        self._state = {
            "feature_low": low,
            "feature_high": high,
            "support_vectors": svr.support_vectors_,
            "dual_coefficients": svr.dual_coef_[0] / self._QUALITY_SCALE,
            "intercept": svr.intercept_ / self._QUALITY_SCALE,
            "gamma": np.array([self._GAMMA]),
        }

    def predict(self, features: Values) -> Values:
        """Predict (N, 36) features -> (N,) float64, in the scale of the qualities fitted to.

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        state = self.state()
        scaled = _scaled(features, state["feature_low"], state["feature_high"])
        scores = np.empty(len(scaled))
        for start in range(0, len(scaled), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            distance = cdist(scaled[rows], state["support_vectors"], "sqeuclidean")
            kernel = np.exp(-state["gamma"] * distance)
            scores[rows] = kernel @ state["dual_coefficients"] + state["intercept"]
        return scores

    def state(self) -> dict[str, NDArray[np.float64]]:
        """Everything learnt, as plain float64 arrays.

        ``feature_low`` and ``feature_high`` (36,), ``support_vectors`` (S, 36),
        ``dual_coefficients`` (S,), ``intercept`` (1,) and ``gamma`` (1,).

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        if not self._state:
            raise RuntimeError("BRISQUE has learnt nothing yet: call fit or load_state first")
        return dict(self._state)

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what :meth:`state` returned."""
        self._state = {name: np.asarray(array, np.float64) for name, array in state.items()}


def _scaled(features: Values, low: Values, high: Values) -> Values:
    """Features with low..high mapped to -1..1, and to 0 where low equals high."""
    span = high - low
    scaled = np.zeros(features.shape)
    np.divide(2 * (features - low) - span, span, out=scaled, where=span > 0)
    return scaled
