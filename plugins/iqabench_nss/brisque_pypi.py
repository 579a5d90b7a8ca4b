"""BRISQUE's features as PyPI's package ``brisque`` 0.2.0 computes them.

The published regression that ships here was fitted to such features. They differ from those of the
authors' MATLAB release (:mod:`.brisque`) in four ways: grey levels are not rounded and weigh the
colours as BT.709 does; the picture is halved without antialiasing, as OpenCV's ``INTER_CUBIC``
does; neighbours are not paired around the edges; and an asymmetric distribution is fitted to the
coefficients, too, in which samples that are 0 count on the right. In flat regions, whose samples
are 0 but for rounding, the package counts the signs of the rounding noise of its own sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from .nss import Plane, Values, aggd_shape, mscn

if TYPE_CHECKING:
    from torch import Tensor

_LUMA = (0.2125, 0.7154, 0.0721)
_NOTHING = 1e-5
"""The size of coefficients of flat regions, which differ from 0 by the window's excess alone."""
_CUBIC = (-0.09375, 0.59375)
"""The cubic kernel (a = -3/4) at 3/2 and 1/2. With their mirror images they sum to 1."""


def gray(image: Tensor) -> NDArray[np.float64]:
    """Grey levels of an RGB image in [0, 1], (3, H, W) -> (H, W), 0..255."""
    planes = image.detach().cpu().double().numpy() * 255
    levels: NDArray[np.float64] = np.tensordot(_LUMA, planes, axes=1)
    return levels


def features(levels: NDArray[np.float64]) -> Values:
    """The features of one image, (H, W) grey levels 0..255 -> (36,) float64."""
    return np.concatenate([_scale(levels), _scale(_halved(levels))])


def _scale(levels: NDArray[np.float64]) -> Values:
    coefficients = mscn(levels)
    coefficients[abs(coefficients) < _NOTHING] = 0
    shape, left, right = _fit(coefficients)
    found = [shape, (left**2 + right**2) / 2]
    for products in _products(coefficients):
        shape, left, right = _fit(products)
        ratio = gammaln(2 / shape) - (gammaln(1 / shape) + gammaln(3 / shape)) / 2
        found += [shape, (right - left) * np.exp(ratio), left**2, right**2]
    return np.array(found, np.float64)


def _fit(samples: Plane) -> tuple[float, float, float]:
    """Shape, and root mean squares of the samples below 0 and of the others."""
    squares, negative = samples.astype(np.float64) ** 2, samples < 0
    count, below = samples.size, int(negative.sum())
    total, low = squares.sum(), squares[negative].sum()
    left, right = (low / max(below, 1)) ** 0.5, ((total - low) / max(count - below, 1)) ** 0.5
    mean_abs = abs(samples).sum(dtype=np.float64) / count
    skew = (left**3 + right**3) * (left + right)
    even = (total / count) * (left**2 + right**2) ** 2
    return float(aggd_shape(np.float64(mean_abs**2 * skew / even if even else 0))), left, right


def _products(a: Plane) -> tuple[Plane, ...]:
    """Products of each coefficient with its right, lower, lower right and upper right neighbour."""
    return (
        a[:, :-1] * a[:, 1:],
        a[:-1] * a[1:],
        a[:-1, :-1] * a[1:, 1:],
        a[1:, :-1] * a[:-1, 1:],
    )


def _halved(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half-size image; a side of 4k + 1 pixels is rounded down, of 4k + 3 pixels up."""
    return _halved_rows(_halved_rows(levels).T).T


def _halved_rows(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    rows = round(len(levels) / 2)
    padded = np.pad(levels, ((1, 3), (0, 0)), mode="edge")
    outer, inner = _CUBIC
    taps = [padded[k : k + 2 * rows : 2] for k in range(4)]
    return outer * (taps[0] + taps[3]) + inner * (taps[1] + taps[2])
