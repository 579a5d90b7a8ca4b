"""The picture type and the conversions the families share."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import numpy.typing as npt

FloatImage = npt.NDArray[np.float64]
_FILTERING = threading.Lock()
"""Held while a warning is ignored: Python keeps one list of filters for all threads."""


def to_uint8(image: FloatImage) -> npt.NDArray[np.uint8]:
    """Clips to [0, 1] and rounds to 0..255."""
    return np.rint(np.clip(image, 0.0, 1.0) * 255.0).astype(np.uint8)


def from_uint8(image: npt.NDArray[np.integer]) -> FloatImage:
    """0..255 -> [0, 1]."""
    return image.astype(np.float64) / 255.0


def to_lab(image: FloatImage) -> FloatImage:
    """sRGB in [0, 1] -> CIE L*a*b* (D65), L in [0, 100]."""
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(image), dtype=np.float64)


def from_lab(lab: FloatImage) -> FloatImage:
    """CIE L*a*b* (D65) -> sRGB clipped to [0, 1]."""
    from skimage.color import lab2rgb

    with _FILTERING, warnings.catch_warnings():
        # Colours outside the gamut are what strong distortions are made of.
        warnings.filterwarnings("ignore", message=".*negative Z values.*")
        return np.asarray(lab2rgb(lab), dtype=np.float64)


def smooth(image: FloatImage, sigma: float) -> FloatImage:
    """Gaussian filter over the first two axes, edges replicated; `sigma` in pixels."""
    from scipy.ndimage import gaussian_filter

    # MATLAB cuts its Gaussians off at two sigma, SciPy by default at four.
    reach = int(np.ceil(2 * sigma))
    blurred = gaussian_filter(image, sigma, radius=reach, mode="nearest", axes=(0, 1))
    return np.asarray(blurred, dtype=np.float64)
