"""NIQE: how far a picture's statistics are from those of pristine pictures.

Mittal, Soundararajan, Bovik: Making a "completely blind" image quality analyzer, IEEE SPL 20(3),
2013. The details are those of the authors' MATLAB release: 18 features of every whole block at two
scales, the model fitted to blocks sharper than 0.75 of the sharpest in their picture, and features
that a block cannot have (its products all on one side of 0) left out of the mean, such blocks out
of the covariance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import pinvh
from scipy.special import gammaln

from iqabench.contract import DataError, WeightsError

from .nss import (
    Plane,
    Values,
    fit_aggd,
    gray_levels,
    halve,
    mscn_and_contrast,
    neighbour_products,
)
from .options import NiqeOptions

if TYPE_CHECKING:
    from torch import Tensor

FEATURES = 36
_SHARP = 0.75
_UPPER = np.triu_indices(FEATURES)
_PARTS = np.cumsum([FEATURES, len(_UPPER[0]), 1, FEATURES])


class Niqe:
    """NIQE as an estimator that learns from pristine pictures; lower is better.

    A picture's features are what fitting and predicting need of its blocks' 36 features each: mean
    and covariance over all blocks; then number, mean and scatter matrix of the sharp ones. Of
    symmetric matrices the upper triangle is kept.
    """

    def __init__(self, options: NiqeOptions) -> None:
        self._block = options.block
        self._state: dict[str, Values] = {}

    def features(self, images: Tensor) -> Values:
        """Features of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1405) float64.

        Raises:
            DataError: no block fits into an image, or every block of it is flat.
        """
        rows = [self._features(gray_levels(image)) for image in images]
        return np.stack(rows) if rows else np.empty((0, _PARTS[-1] + len(_UPPER[0])))

    def _features(self, gray: Plane) -> Values:
        blocks, sharpness = block_features(gray, self._block)
        whole = np.isfinite(blocks).all(axis=1)
        if not whole.any():
            raise DataError("NIQE sees only flat blocks", "it has no score for such a picture")
        sharp = blocks[whole & (sharpness > _SHARP * sharpness.max())]
        covariance = _scatter(blocks[whole]) / max(whole.sum() - 1, 1)
        sharp_mean = sharp.mean(axis=0) if len(sharp) else np.zeros(FEATURES)
        return np.concatenate(
            [
                np.nanmean(blocks, axis=0),
                covariance[_UPPER],
                [len(sharp)],
                sharp_mean,
                _scatter(sharp)[_UPPER],
            ]
        )

    def fit(self, features: Values, quality: Values) -> None:
        """Fit the pristine Gaussian to the sharp blocks of (N, 1405) features; no quality is read.

        Raises:
            DataError: there are fewer than two sharp blocks.
        """
        _, _, counts, means, scatters = np.split(features, _PARTS, axis=1)
        total = counts.sum()
        if total < 2:
            raise DataError(
                f"NIQE found {total:.0f} sharp blocks in {len(features)} pristine pictures",
                "a covariance needs many: give more or larger references",
            )
        mean = (counts * means).sum(axis=0) / total
        away = np.sqrt(counts) * (means - mean)
        scatter = _symmetric(scatters.sum(axis=0)) + away.T @ away
        self._state = {"mu_prisparam": mean, "cov_prisparam": scatter / (total - 1)}

    def predict(self, features: Values) -> Values:
        """NIQE of (N, 1405) features, (N,) float64, 0 or more; lower is better.

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        state = self.state()
        means, covariances, *_ = np.split(features, _PARTS, axis=1)
        away = means - state["mu_prisparam"]
        squares = [
            row @ pinvh((state["cov_prisparam"] + _symmetric(covariance)) / 2) @ row
            for row, covariance in zip(away, covariances, strict=True)
        ]
        return np.sqrt(np.maximum(squares, 0))

    def state(self) -> dict[str, Values]:
        """The pristine Gaussian: ``mu_prisparam`` (36,) and ``cov_prisparam`` (36, 36).

        The names are those of the release's file of parameters.

        Raises:
            RuntimeError: neither ``fit`` nor ``load_state`` was called.
        """
        if not self._state:
            raise RuntimeError("NIQE has learnt nothing yet: call fit or load_state first")
        return dict(self._state)

    def load_state(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore what :meth:`state` returned, or take the release's parameters.

        Raises:
            WeightsError: an array is missing, of another shape or not finite.
        """
        shapes = {"mu_prisparam": (FEATURES,), "cov_prisparam": (FEATURES, FEATURES)}
        loaded = {}
        for name, shape in shapes.items():
            array = state.get(name, np.empty(0))
            numbers = array.dtype.kind in "fiu" and array.size == np.prod(shape)
            if not numbers or not np.isfinite(array).all():
                raise WeightsError(
                    f"no NIQE model: {name} is not {' x '.join(map(str, shape))} finite numbers",
                    "niqe_modelparameters.mat of the release, or a job's weights, are wanted",
                )
            loaded[name] = np.asarray(array, np.float64).reshape(shape)
        self._state = loaded


def block_features(gray: Plane, block: int) -> tuple[Values, Values]:
    """Features and sharpness of an image's whole blocks.

    Args:
        gray: (H, W) whole grey levels, 0..255.
        block: side of a block in pixels, even.

    Returns:
        (n, 36) features of the blocks, row by row, 18 at full and 18 at half size; NaN where one
        side of a distribution has no sample. And (n,), the mean local deviation.

    Raises:
        DataError: no block fits.
    """
    height, width = (side // block * block for side in gray.shape)
    if not height * width:
        shape = "x".join(map(str, gray.shape))
        raise DataError(
            f"NIQE sees no block of {block}x{block} in {shape} pixels",
            "--set niqe.block=N takes smaller ones, which need their own fit",
        )
    gray = gray[:height, :width]
    full, sharpness = _scale_features(gray, block)
    half, _ = _scale_features(halve(gray), block // 2)
    return np.hstack([full, half]), sharpness


def _scale_features(gray: Plane, block: int) -> tuple[Values, Values]:
    """(n, 18) features and (n,) mean contrast of the blocks of one scale."""
    coefficients, contrast = mscn_and_contrast(gray, "edge")
    # A row of blocks at a time stays in the CPU's cache.
    features = [_features_of(blocks) for blocks in _block_rows(coefficients, block)]
    sharpness = [blocks.mean(axis=(1, 2)) - 1 for blocks in _block_rows(contrast, block)]
    return np.concatenate(features), np.concatenate(sharpness)


def _block_rows(plane: Plane, block: int) -> Iterator[Plane]:
    for top in range(0, plane.shape[0], block):
        row = plane[top : top + block].reshape(block, -1, block)
        yield np.ascontiguousarray(row.swapaxes(0, 1))


def _features_of(blocks: Plane) -> Values:
    """The 18 features of (n, h, w) coefficients, (n, 18)."""
    shape, left, right = _fit(blocks)
    features = [shape, (left + right) / 2]
    for products in neighbour_products(blocks):
        shape, left, right = _fit(products)
        mean = (right - left) * np.exp(gammaln(2 / shape) - gammaln(1 / shape))
        features += [shape, mean, left, right]
    return np.stack(features, axis=1)


def _fit(samples: Plane) -> tuple[Values, Values, Values]:
    """Shape and both scales; NaN, and the smallest shape, where a side has no sample."""
    shape, *deviations = fit_aggd(samples)
    left, right = (np.where(side > 0, side, np.nan) for side in deviations)
    shape = np.where(np.isnan(left + right), 0.2, shape)
    scale = np.exp((gammaln(1 / shape) - gammaln(3 / shape)) / 2)
    return shape, left * scale, right * scale


def _scatter(rows: Values) -> Values:
    """Sum of the squared differences from the mean, (n, 36) -> (36, 36); 0 without rows."""
    away = rows - rows.mean(axis=0) if len(rows) else rows
    return away.T @ away


def _symmetric(upper: Values) -> Values:
    matrix = np.zeros((FEATURES, FEATURES))
    matrix[_UPPER] = upper
    matrix.T[_UPPER] = upper
    return matrix
