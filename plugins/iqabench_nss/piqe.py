"""PIQE: the share of distorted blocks among those the eye would look at.

Venkatanath, Praneeth, Maruthi, Channappayya, Medasani: Blind image quality evaluation using
perception based features, NCC 2015. The details are those of MATLAB's ``piqe`` as pyiqa has them.
Where the two differ pyiqa is followed: luma is rounded only after its maximum was scaled to 255,
and before whole blocks are cut, a side of n pixels grows by n modulo 16 mirrored pixels, not to the
next multiple of 16.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from iqabench.contract import DataError

from .nss import Plane, Values, luma, mscn_strips, strips

if TYPE_CHECKING:
    from torch import Tensor

Mask: TypeAlias = NDArray[np.bool_]

_KEPT = 2**22  # pixels up to which the luma is kept, 16 MiB, and not computed twice
_BLOCK = 16
_SEGMENT = 6
_ACTIVE = 0.1  # variance above which a block counts
_IMPAIRED = 0.1  # standard deviation below which a segment of a block's edge is too smooth
_CENTRE = [7, 8]  # columns
# MATLAB's code deletes column 7 and then the eighth of those left, which is 9.
_SURROUND = [column for column in range(_BLOCK) if column not in (7, 9)]


class Piqe:
    """PIQE as a scorer; lower is better, 100 where nothing in an image is active."""

    def score(self, images: Tensor) -> Tensor:
        """Scores of float32 RGB images in [0, 1], (B, 3, H, W) -> (B,) float64.

        Raises:
            DataError: a side is shorter than 8 pixels.
        """
        import torch

        return torch.tensor([piqe(levels_of(image)) for image in images], dtype=torch.float64)


def levels_of(image: Tensor) -> NDArray[np.uint8]:
    """Whole grey levels, the brightest 255; all 0 where the image is black."""
    height, width = image.shape[-2:]
    kept = list(_lumas(image)) if height * width <= _KEPT else []
    brightest = max(float(part.max()) for part in kept or _lumas(image))
    levels = np.zeros((height, width), np.uint8)
    if brightest > 0:
        for rows, part in zip(strips(height), kept or _lumas(image), strict=True):
            levels[rows] = part.div_(brightest).mul_(255).round_().numpy()
    return levels


def _lumas(image: Tensor) -> Iterator[Tensor]:
    """The luma of each strip."""
    return (luma(image[:, rows]) for rows in strips(image.shape[-2]))


def piqe(levels: Plane | NDArray[np.uint8]) -> float:
    """PIQE of one image.

    Args:
        levels: (H, W) whole grey levels, the brightest 255.

    Raises:
        DataError: a side is shorter than 8 pixels.
    """
    if min(levels.shape) < _BLOCK // 2:
        shape = "x".join(map(str, levels.shape))
        raise DataError(f"PIQE sees no block in {shape} pixels", "both sides must be 8 or longer")
    padded: Any = np.pad(levels, [(0, side % _BLOCK) for side in levels.shape], mode="symmetric")
    variance, noisy, impaired = map(np.concatenate, zip(*_seen(padded), strict=True))
    distortion = np.sum((1 - variance)[impaired]) + np.sum(variance[noisy])
    return 100 * float(distortion + 1) / (1 + len(variance))


def _seen(padded: Plane | NDArray[np.uint8]) -> Iterator[tuple[Values, Mask, Mask]]:
    """Of each strip: the variances of its active blocks, and which are noisy and impaired.

    Strips are as high as some whole blocks, so they cut none; a last one may hold no whole block.
    """
    columns = padded.shape[1] // _BLOCK
    for coefficients, _ in mscn_strips(padded, "edge"):
        rows = len(coefficients) // _BLOCK
        whole = coefficients[: rows * _BLOCK, : columns * _BLOCK]
        blocks = whole.reshape(rows, _BLOCK, columns, _BLOCK)
        sums = blocks.sum(axis=1).astype(np.float64)
        squares = np.square(blocks).sum(axis=1).astype(np.float64)
        variance = _variance(sums, squares)
        active = variance > _ACTIVE
        variance, sums, squares = variance[active], sums[active], squares[active]
        noisy = _noisy(np.sqrt(variance), sums, squares)
        yield variance, noisy, _impaired(blocks.swapaxes(1, 2)[active])


def _variance(sums: Values, squares: Values) -> Values:
    """Unbiased variance from sums over columns of 16 pixels, (..., columns) -> (...)."""
    count = sums.shape[-1] * _BLOCK
    spread = squares.sum(axis=-1) - sums.sum(axis=-1) ** 2 / count
    variance: Values = np.maximum(spread, 0) / (count - 1)
    return variance


def _noisy(sigma: Values, sums: Values, squares: Values) -> Mask:
    """Whether blocks look like Gaussian noise: as rough in the centre as around it."""
    centre = np.sqrt(_variance(sums[:, _CENTRE], squares[:, _CENTRE]))
    surround = np.sqrt(_variance(sums[:, _SURROUND], squares[:, _SURROUND]))
    ratio = np.divide(centre, surround, out=np.zeros_like(centre), where=surround > 0)
    beta = 1 - np.minimum(sigma, ratio) / np.maximum(sigma, ratio)  # |a - b| / max(a, b)
    noisy: Mask = sigma > 2 * beta
    return noisy


def _impaired(blocks: Plane) -> Mask:
    """Whether (n, 16, 16) blocks have a smooth segment in one of their edges."""
    edges = np.stack([blocks[:, 0], blocks[:, -1], blocks[:, :, 0], blocks[:, :, -1]])
    along = np.ascontiguousarray(np.moveaxis(edges, -1, 0), np.float64)  # (16, 4, n)
    spread = _segment_sums(along**2) - _segment_sums(along) ** 2 / _SEGMENT
    smooth = spread < (_SEGMENT - 1) * _IMPAIRED**2
    return np.asarray(smooth.any(axis=(0, 1)))


def _segment_sums(along: Values) -> Values:
    """Sums over each six neighbours of the first axis, 16 -> 11."""
    count = _BLOCK - _SEGMENT + 1
    sums: Values = along[:count].copy()
    for start in range(1, _SEGMENT):
        sums += along[start : start + count]
    return sums
