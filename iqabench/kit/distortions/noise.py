"""Types 11-15: noise, and what denoising leaves of a picture."""

from __future__ import annotations

import math

import numpy as np

from iqabench.kit.distortions.image import FloatImage


def white_noise(image: FloatImage, variance: float, rng: np.random.Generator) -> FloatImage:
    """Type 11: independent Gaussian noise in R, G and B."""
    return image + math.sqrt(variance) * rng.standard_normal(image.shape)


def color_component_noise(
    image: FloatImage, variance: float, rng: np.random.Generator
) -> FloatImage:
    """Type 12: independent Gaussian noise in Y, Cb and Cr (ITU-R BT.601, 16..240 of 255)."""
    from skimage.color import rgb2ycbcr, ycbcr2rgb

    noisy = white_noise(rgb2ycbcr(image) / 255.0, variance, rng)
    return np.asarray(ycbcr2rgb(np.clip(noisy, 0.0, 1.0) * 255.0), dtype=np.float64)


def impulse_noise(image: FloatImage, density: float, rng: np.random.Generator) -> FloatImage:
    """Type 13: `density` of all samples, every channel for itself, become 0 or 1."""
    draw = rng.random(image.shape)
    salted = np.where(draw > 1 - density / 2, 1.0, image)
    return np.where(draw < density / 2, 0.0, salted)


def multiplicative_noise(
    image: FloatImage, variance: float, rng: np.random.Generator
) -> FloatImage:
    """Type 14: speckle, every sample times 1 + n, n uniform with mean 0 and this variance."""
    return image * (1 + math.sqrt(12 * variance) * (rng.random(image.shape) - 0.5))


def denoise(image: FloatImage, variance: float, rng: np.random.Generator) -> FloatImage:
    """Type 15: Gaussian noise of this variance, then denoising channel by channel."""
    from skimage.restoration import denoise_tv_chambolle

    noisy = np.clip(white_noise(image, variance, rng), 0.0, 1.0)
    # The generator denoises with MATLAB's DnCNN; total variation needs no weights.
    denoised = denoise_tv_chambolle(  # type: ignore[no-untyped-call]
        noisy, weight=math.sqrt(variance), channel_axis=-1
    )
    return np.asarray(denoised, dtype=np.float64)
