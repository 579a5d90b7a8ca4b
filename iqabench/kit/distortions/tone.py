"""Types 16-18 and 25: brightness and contrast."""

from __future__ import annotations

import numpy as np

from iqabench.kit.distortions.image import FloatImage, from_lab, to_lab


def brighten(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 16: a curve lifting middle grey by half of `amount`, two parts on RGB, one on L*."""
    lab = to_lab(image)
    lab[..., 0] = 100 * _lift(lab[..., 0] / 100, amount)
    return (2 * _lift(image, amount) + from_lab(lab)) / 3


def darken(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 17: a curve lowering middle grey by half of `amount`, on RGB."""
    return _lift(image, -amount)


def mean_shift(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 18: `amount` added to every sample."""
    return image + amount


def contrast_change(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 25: an S curve; `amount` > -0.2 raises the contrast, less lowers it."""
    # The generator's spline through (0, 0), (0.3, 0.25 - amount / 4), (0.5, 0.5) and their mirror
    # images is this one cubic; so -0.2, not 0, leaves a picture alone.
    centred = image - 0.5
    return image - (0.05 + amount / 4) / 0.042 * centred * (centred**2 - 0.25)


def _lift(values: FloatImage, amount: float) -> FloatImage:
    """The parabola through (0, 0), (0.5, 0.5 + amount / 2) and (1, 1), clipped to [0, 1]."""
    return np.clip(values + 2 * amount * values * (1 - values), 0.0, 1.0)
