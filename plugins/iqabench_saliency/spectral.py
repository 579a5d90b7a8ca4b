"""Spectral residual saliency (Hou and Zhang, CVPR 2007), without its border."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.functional import gaussian_blur

from iqabench.kit.saliency import peak_at_one
from iqabench_saliency.sizes import or_ones_where_flat, reduced

SHORT_SIDE = 64
"""Pixels of the shorter side at which the spectrum is taken."""
AVERAGE = 3
"""Side of the mean filter that makes the expected log spectrum."""
BLUR_SIGMA = 2.5
"""Standard deviation, in pixels of the small map, of the final smoothing."""
BLUR_SIDE = 9
MARGIN = 16
"""Pixels by which the small picture goes on beyond its borders."""
FLOOR = 2e-3
"""Amplitudes below this share of the largest are noise: a blurred picture has little else."""
LUMA = (0.299, 0.587, 0.114)


class SpectralResidual:
    """What departs from the smooth log amplitude spectrum of a picture draws the eye.

    The Fourier transform takes a picture as one tile of many. Where its opposite borders differ,
    the tiles' seam is an edge, the sharper the more the picture itself is blurred, and the paper's
    five lines put the map's maximum there. So the picture goes on, smoothly, beyond its borders and
    fades there (:func:`extended`); amplitudes below a floor are not raised to their neighbours'
    mean; and nothing outside the picture is salient when the map is smoothed.
    """

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        A picture without structure gives a map of ones.
        """
        small = reduced(images, SHORT_SIDE)
        grey = (small * small.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)
        spectrum = torch.fft.fft2(extended(grey))
        amplitude = spectrum.abs()
        floor = FLOOR * amplitude.amax((2, 3), keepdim=True) + torch.finfo(amplitude.dtype).tiny
        log_amplitude = (amplitude + floor).log()
        around = functional.avg_pool2d(
            functional.pad(log_amplitude, [AVERAGE // 2] * 4, mode="circular"), AVERAGE, stride=1
        )
        energy = torch.fft.ifft2(spectrum * (-around).exp()).abs().square()
        inside = energy[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
        return peak_at_one(or_ones_where_flat(_smooth(inside), grey), images.shape[-2:])


def extended(images: Tensor) -> Tensor:
    """Pictures less their mean, (B, 1, h, w), with a margin of ``MARGIN`` pixels around them.

    There they go on by point reflection at the border, which keeps value and slope, times a cosine
    that falls to zero.
    """
    fall = 0.5 - 0.5 * torch.cos(math.pi * (torch.arange(MARGIN) + 0.5) / MARGIN)
    found = images - images.mean((2, 3), keepdim=True)
    for _ in range(2):  # columns, then rows
        first, last = found[..., :1], found[..., -1:]
        before = 2 * first - found[..., 1 : MARGIN + 1].flip(-1)
        after = 2 * last - found[..., -MARGIN - 1 : -1].flip(-1)
        weights = fall.to(found)
        found = torch.cat([before * weights, found, after * weights.flip(0)], -1).mT
    return found


def _smooth(energy: Tensor) -> Tensor:
    rim = BLUR_SIDE // 2
    blurred: Tensor = gaussian_blur(
        functional.pad(energy, [rim] * 4), [BLUR_SIDE] * 2, [BLUR_SIGMA, BLUR_SIGMA]
    )
    return blurred[..., rim:-rim, rim:-rim]
