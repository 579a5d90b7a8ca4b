"""Types 4, 5, 7 and 8: colour distortions."""

from __future__ import annotations

import numpy as np

from iqabench.kit.distortions.image import FloatImage, from_lab, smooth, to_lab

LUMA = np.array([0.2989, 0.5870, 0.1140])


def color_diffusion(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 4: a* and b* blurred with sigma 1.5 `amount` + 2 pixels and multiplied by `amount`."""
    lab = to_lab(image)
    lab[..., 1:] = smooth(lab[..., 1:], 1.5 * amount + 2) * amount
    return from_lab(lab)


def color_shift(image: FloatImage, amount: float, rng: np.random.Generator) -> FloatImage:
    """Type 5: green moved `amount` pixels in a random direction, mostly where there are edges."""
    step = rng.random(2)
    down, right = np.rint(step / np.linalg.norm(step) * amount).astype(int)
    height, width = image.shape[:2]
    # How the generator fills the border it uncovers is unconfirmed; replicated here.
    rows = np.maximum(np.arange(height) - down, 0)
    columns = np.maximum(np.arange(width) - right, 0)
    green = image[..., 1]
    shifted = image.copy()
    shifted[..., 1] += _edge_mask(image) * (green[np.ix_(rows, columns)] - green)
    return shifted


def color_saturation_hsv(image: FloatImage, factor: float, _rng: np.random.Generator) -> FloatImage:
    """Type 7: HSV saturation times `factor`; a negative one turns hues into their complements."""
    # Saturation is 1 - minimum / maximum, so scaling it moves every channel towards the maximum.
    # What MATLAB's hsv2rgb does with a negative saturation is unconfirmed.
    value = image.max(axis=-1, keepdims=True)
    return np.asarray(value + factor * (image - value), dtype=np.float64)


def color_saturation_lab(image: FloatImage, factor: float, _rng: np.random.Generator) -> FloatImage:
    """Type 8: a* and b* times `factor`."""
    lab = to_lab(image)
    lab[..., 1:] *= factor
    return from_lab(lab)


def _edge_mask(image: FloatImage) -> FloatImage:
    """Where the picture has edges, blurred, in [0, 1]; (H, W)."""
    vertical, horizontal = np.gradient(image @ LUMA)
    energy = _stretch(smooth(np.hypot(vertical, horizontal), 4.0))
    energy = np.clip(energy, 0.1, 1.0)
    low, high = np.percentile(energy, [1, 99])
    return _stretch(np.clip(energy, low, high))


def _stretch(plane: FloatImage) -> FloatImage:
    span = np.ptp(plane)
    return (plane - plane.min()) / span if span > 0 else np.zeros_like(plane)
