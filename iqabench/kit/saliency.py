"""Saliency maps: scaled to a maximum of 1, decomposed at a threshold, and losses between maps.

Losses take maps (B, 1, H, W). They are computed in float32, even if a network computes in a lower
precision, because they sum many thousands of small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-8
"""Regularises the Kullback-Leibler divergence, as in the BioSIQNet paper's eq. 5."""
FULL = 255.0
"""Thresholds are given on a scale on which a map's maximum is 255."""

EMPTY = 1e-30
"""A map with a maximum of at most this is empty: division by it could show no structure."""


def peak_at_one(maps: Tensor, size: Sequence[int] | None = None) -> Tensor:
    """Maps in the form that a provider returns: each resized and divided by its maximum.

    Args:
        maps: (B, 1, h, w) of any finite values; negative values count as zero.
        size: (H, W) to which maps are resized, bilinearly; None keeps their size.

    Returns:
        (B, 1, H, W) in [0, 1] with maximum 1; an empty map becomes all ones. NaN stays NaN.
    """
    if size is None or tuple(size) == tuple(maps.shape[-2:]):
        maps = maps.clone()
    else:
        maps = functional.interpolate(maps, size=tuple(size), mode="bilinear", antialias=True)
    # All steps from here on are in place: maps of large pictures need much memory.
    peaks = maps.clamp_(min=0).amax((2, 3), keepdim=True)
    empty = peaks <= EMPTY
    return maps.add_(empty).div_(torch.where(empty, torch.ones_like(peaks), peaks)).clamp_(max=1)


def decompose(maps: Tensor, threshold: float, binary: bool = False) -> tuple[Tensor, Tensor]:
    """Split maps into the parts that draw little and much attention.

    Args:
        maps: (B, 1, H, W) in [0, 1], each scaled to its picture's maximum.
        threshold: on the scale of 0 to 255; values at or above it are high.
        binary: if true, the parts hold ones in place of the map's own values.

    Returns:
        (low, high), both of the maps' shape; they sum to ``maps`` unless binary.
    """
    above = maps * FULL >= threshold
    values = torch.ones_like(maps) if binary else maps
    zero = torch.zeros_like(maps)
    low = torch.where(above | (maps <= 0), zero, values)
    return low, torch.where(above, values, zero)


def sum_to_one(maps: Tensor) -> Tensor:
    """Maps (B, 1, H, W) as distributions (B, H*W), at least float32; an empty map gives zeros.

    The gradient of an empty map is zero, too. A decoder that ends in a ReLU may give such a map.
    """
    flat = _exact(maps)
    total = flat.sum(1, keepdim=True)
    return torch.where(total > EPSILON, flat / total.clamp_min(EPSILON), torch.zeros_like(flat))


def _exact(maps: Tensor) -> Tensor:
    """(B, H*W), float32 in place of any lower precision."""
    return (maps if maps.dtype == torch.float64 else maps.float()).flatten(1)


def kld(predicted: Tensor, truth: Tensor) -> Tensor:
    """Kullback-Leibler divergence of each predicted map from the truth, (B,); 0 is best.

    The sum over pixels of t log(t / (epsilon + p) + epsilon), where both maps sum to one
    (BioSIQNet, eq. 5).
    """
    p, t = sum_to_one(predicted), sum_to_one(truth)
    return (t * torch.log(t / (EPSILON + p) + EPSILON)).sum(1)


def cc(predicted: Tensor, truth: Tensor) -> Tensor:
    """Pearson's linear correlation of each pair of maps, (B,); 1 is best, 0 for a flat map."""
    p, t = _exact(predicted), _exact(truth)
    p = p - p.mean(1, keepdim=True)
    t = t - t.mean(1, keepdim=True)
    # EPSILON stands under the root, so that a flat map has gradient 0 and not NaN.
    norm = (p.square().sum(1) * t.square().sum(1) + EPSILON**2).sqrt()
    return (p * t).sum(1) / norm


def sim(predicted: Tensor, truth: Tensor) -> Tensor:
    """Similarity of each pair: the sum of the pixelwise minimum, (B,), where maps sum to one."""
    return torch.minimum(sum_to_one(predicted), sum_to_one(truth)).sum(1)


def total_variation(predicted: Tensor, truth: Tensor) -> Tensor:
    """Total variation distance of each pair, (B,): half the sum of the absolute pixelwise
    difference, where maps sum to one; 0 is best, 1 worst (SGDNet)."""
    return (sum_to_one(predicted) - sum_to_one(truth)).abs().sum(1) / 2


def saliency_loss(predicted: Tensor, truth: Tensor, weights: tuple[float, float, float]) -> Tensor:
    """Weighted KLD, CC and SIM (BioSIQNet, eqs. 4 and 8), averaged over maps that are not empty.

    Args:
        predicted: (B, 1, H, W), not negative.
        truth: the same shape; a map that sums to 0 is left out of the mean.
        weights: factors of KLD, CC and SIM.

    Returns:
        A scalar; 0, with gradient 0, where every true map is empty.
    """
    device = predicted.device.type
    with torch.autocast(device, enabled=False):
        each = (
            weights[0] * kld(predicted, truth)
            + weights[1] * cc(predicted, truth)
            + weights[2] * sim(predicted, truth)
        )
        return mean_over_maps(each, truth)


def mean_over_maps(each: Tensor, truth: Tensor) -> Tensor:
    """The mean of ``each``, (B,), over the maps whose true map is not empty; 0 if all are empty."""
    present = (truth.flatten(1).sum(1) > 0).to(each.dtype)
    return (each * present).sum() / present.sum().clamp_min(1)
