"""Spectral residual saliency (Hou and Zhang, CVPR 2007)."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

SHORT_SIDE = 64
"""Pixels of the shorter side at which the spectrum is taken."""
AVERAGE = 3
"""Side of the mean filter that makes the expected log spectrum."""
BLUR_SIGMA = 2.5
"""Standard deviation, in pixels of the small map, of the final smoothing."""
LUMA = (0.299, 0.587, 0.114)


class SpectralResidual:
    """What departs from the smooth log amplitude spectrum of a picture draws the eye."""

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        A picture without structure gives a map of ones.
        """
        size = images.shape[-2:]
        grey = (images * images.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        scale = SHORT_SIDE / min(size)
        small = [max(1, round(side * scale)) for side in size]
        grey = functional.interpolate(grey, size=small, mode="bilinear", antialias=True)
        spectrum = torch.fft.fft2(grey)
        log_amplitude = (spectrum.abs() + 1e-8).log()
        around = functional.avg_pool2d(
            functional.pad(log_amplitude, [AVERAGE // 2] * 4, mode="circular"), AVERAGE, stride=1
        )
        residual = torch.polar((log_amplitude - around).exp(), spectrum.angle())
        energy = torch.fft.ifft2(residual).abs().square()
        smooth = gaussian_blur(energy, [9, 9], [BLUR_SIGMA, BLUR_SIGMA])
        return _scaled(functional.interpolate(smooth, size=size, mode="bilinear"), grey)


def _scaled(maps: Tensor, grey: Tensor) -> Tensor:
    """Each map divided by its maximum; ones where the picture is flat."""
    flat = (grey.amax((1, 2, 3)) - grey.amin((1, 2, 3)) < 1e-6).view(-1, 1, 1, 1)
    maps = torch.where(flat, torch.ones_like(maps), maps)
    return maps / maps.amax((2, 3), keepdim=True)
