"""Saliency by centre-surround contrast (Itti, Koch and Niebur, PAMI 1998).

Equations are numbered as in the paper. What it leaves open: the filters of orientation are Gabor
filters of 9x9 pixels, period 7 and standard deviation 7/3, at phases 0 and 90 degrees; a local
maximum counts for the normalisation where it exceeds a tenth of the largest.
"""

from __future__ import annotations

import math
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from iqabench.kit.saliency import peak_at_one
from iqabench_saliency.sizes import or_ones_where_flat, reduced

SHORT_SIDE = 480
"""Pixels of the shorter side; the paper's pictures have 640x480."""
LEVELS = 9
CENTERS, STEPS = (2, 3, 4), (3, 4)
"""Scales of the centre, and how much coarser the surround is."""
SCALE = 4
"""The scale at which maps are added."""
DARK = 0.1
"""Share of the largest intensity below which a pixel has no hue."""
ANGLES = (0, 45, 90, 135)
GABOR_SIDE, GABOR_PERIOD = 9, 7.0
LOCAL = 0.1
"""Share of its largest value that a local maximum must exceed."""

Pyramid = list[Tensor]


class IttiKoch:
    """Intensity, colour opponency and orientation that differ from their surround."""

    def saliency(self, images: Tensor) -> Tensor:
        """Maps of float32 RGB images in [0, 1], (B, 3, H, W) -> (B, 1, H, W), maximum 1.

        A picture without structure gives a map of ones.
        """
        small = reduced(images, SHORT_SIDE)
        channels = _pyramid(_channels(small))
        intensity = [level[:, :1] for level in channels]
        opponency = [level[:, 1:] for level in channels]
        orientation = _orientations(intensity)
        conspicuous = [
            _across_scales(intensity),  # eq. 5
            _across_scales(opponency).sum(1, keepdim=True),  # eq. 6
            normalised(_across_scales(orientation)).sum(1, keepdim=True),  # eq. 7
        ]
        whole = torch.stack([normalised(found) for found in conspicuous]).mean(0)  # eq. 8
        return peak_at_one(or_ones_where_flat(whole, small), images.shape[-2:])


def _channels(images: Tensor) -> Tensor:
    """Intensity, red against green, and blue against yellow, (B, 3, H, W)."""
    intensity = images.mean(1, keepdim=True)
    bright = intensity > DARK * intensity.amax((2, 3), keepdim=True)
    hue = torch.where(bright, images / intensity.clamp(min=1e-6), torch.zeros_like(images))
    r, g, b = (hue[:, number : number + 1] for number in range(3))
    red, green, blue = r - (g + b) / 2, g - (r + b) / 2, b - (r + g) / 2
    yellow = (r + g) / 2 - (r - g).abs() / 2 - b
    pairs = (red.clamp(min=0) - green.clamp(min=0), blue.clamp(min=0) - yellow.clamp(min=0))
    return torch.cat([intensity, *pairs], 1)


def _pyramid(images: Tensor) -> Pyramid:
    """Gaussian pyramid, each level half as large.

    The low-pass filter is [1, 3, 3, 1] / 8: it lies between the pixels, as those of the next level
    do. One of odd length would shift each level by half a pixel, and the coarse ones far away.
    """
    levels = [images]
    for _ in range(LEVELS - 1):
        size = [(side + 1) // 2 for side in levels[-1].shape[-2:]]
        levels.append(
            functional.interpolate(levels[-1], size=size, mode="bilinear", antialias=True)
        )
    return levels


def _orientations(intensity: Pyramid) -> Pyramid:
    """Energy at each angle, (B, 4, h, w), from the finest level that is used."""
    filters = torch.stack([_gabor(angle, phase) for angle, phase in product(ANGLES, (0, 90))])
    weights = filters[:, None].to(intensity[0])
    found: Pyramid = []
    for level in intensity:
        if len(found) < min(CENTERS):
            found.append(level.new_zeros(level.shape[0], len(ANGLES), *level.shape[2:]))
            continue
        padded = functional.pad(level, [GABOR_SIDE // 2] * 4, mode="replicate")
        energy = functional.conv2d(padded, weights).abs()
        found.append(energy[:, 0::2] + energy[:, 1::2])
    return found


def _gabor(angle: float, phase: float) -> Tensor:
    """A Gabor filter without mean, whose absolute values sum to one."""
    half = GABOR_SIDE // 2
    places = torch.arange(-half, half + 1, dtype=torch.float64)
    turn = math.radians(angle)
    along = places * math.cos(turn) + places[:, None] * math.sin(turn)
    distance = places**2 + places[:, None] ** 2
    wave = torch.cos(2 * math.pi * along / GABOR_PERIOD + math.radians(phase))
    found = wave * torch.exp(-distance / (2 * (GABOR_PERIOD / 3) ** 2))
    found -= found.mean()
    return found / found.abs().sum()


def _across_scales(pyramid: Pyramid) -> Tensor:
    """Normalised differences of centre and surround, added at one scale (eqs. 1 to 7)."""
    size = pyramid[SCALE].shape[-2:]
    found = torch.zeros_like(pyramid[SCALE])
    for center, step in product(CENTERS, STEPS):
        fine = pyramid[center]
        surround = functional.interpolate(
            pyramid[center + step], size=fine.shape[-2:], mode="bilinear"
        )
        difference = normalised((fine - surround).abs())
        found += functional.interpolate(difference, size=size, mode="bilinear", antialias=True)
    return found


def normalised(maps: Tensor) -> Tensor:
    """The paper's N: maps with one peak are promoted, those with many suppressed.

    Each map, (B, C, h, w), is scaled to a maximum of 1 and multiplied by the square of the
    difference between that and the mean of its other local maxima.
    """
    top = maps.amax((2, 3), keepdim=True)
    scaled = maps / top.clamp(min=1e-12)
    peaks = functional.max_pool2d(scaled, 3, stride=1, padding=1) == scaled
    others = (peaks & (scaled > LOCAL) & (scaled < 1)).to(maps.dtype)
    count = others.sum((2, 3), keepdim=True)
    mean = (scaled * others).sum((2, 3), keepdim=True) / count.clamp(min=1)
    return scaled * (1 - mean) ** 2
