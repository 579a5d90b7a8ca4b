"""Types 1-3 and 24: blurs and over-sharpening."""

from __future__ import annotations

import numpy as np

from iqabench.kit.distortions.image import FloatImage, from_lab, smooth, to_lab


def gaussian_blur(image: FloatImage, sigma: float, _rng: np.random.Generator) -> FloatImage:
    """Type 1; `sigma` in pixels."""
    return smooth(image, sigma)


def lens_blur(image: FloatImage, radius: float, _rng: np.random.Generator) -> FloatImage:
    """Type 2: a disc; `radius` in pixels."""
    return _convolve(image, disc_kernel(radius))


def motion_blur(image: FloatImage, length: float, rng: np.random.Generator) -> FloatImage:
    """Type 3: a line in a random direction; `length` in pixels."""
    return _convolve(image, line_kernel(length, np.deg2rad(rng.integers(0, 181))))


def high_sharpen(image: FloatImage, amount: float, _rng: np.random.Generator) -> FloatImage:
    """Type 24: unsharp masking of L* with sigma 3; `amount` is the gain of the detail."""
    lab = to_lab(image)
    lightness = lab[..., 0]
    lab[..., 0] = lightness + amount * (lightness - smooth(lightness, 3.0))
    return from_lab(lab)


def disc_kernel(radius: float) -> FloatImage:
    """The share of every pixel that a disc of `radius` pixels covers, normalised to sum 1."""
    reach = max(int(np.ceil(radius - 0.5)), 0)
    centres = np.arange(-reach, reach + 1, dtype=np.float64)
    samples = (np.arange(256) + 0.5) / 256 - 0.5
    columns = centres[:, None] + samples
    half_chord = np.sqrt(np.maximum(radius**2 - columns**2, 0.0))
    upper = np.minimum(half_chord, centres[:, None, None] + 0.5)
    lower = np.maximum(-half_chord, centres[:, None, None] - 0.5)
    covered = np.maximum(upper - lower, 0.0).mean(axis=-1)
    return np.asarray(covered / covered.sum(), dtype=np.float64)


def line_kernel(length: float, angle: float) -> FloatImage:
    """A segment of `length` pixels at `angle` radians with a tent profile, normalised to sum 1."""
    half = (max(length, 1.0) - 1.0) / 2
    reach = int(np.ceil(half))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    to_end = np.hypot(np.abs(along) - half, across)
    # MATLAB's fspecial measures to the end point from wherever the centre is farther than that.
    distance = np.where(np.hypot(x, y) >= half, to_end, np.abs(across))
    weight = np.maximum(1.0 - distance, 0.0)
    return np.asarray(weight / weight.sum(), dtype=np.float64)


def _convolve(image: FloatImage, kernel: FloatImage) -> FloatImage:
    """Convolution with an odd kernel, edges replicated; by FFT, as the kernels do not separate."""
    rows, columns = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="edge")
    size = padded.shape[:2]
    spectrum = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(kernel, s=size)[..., None]
    full = np.fft.irfft2(spectrum, s=size, axes=(0, 1))
    return np.asarray(full[2 * rows :, 2 * columns :], dtype=np.float64)
