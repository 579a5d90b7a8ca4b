"""A full-reference proxy for human quality scores, for sets that nobody has rated.

It is the mean of two measures that need no weights: HaarPSI (Reisenhofer et al., 2018) and 1 - MDSI
(Nafchi et al., 2016), each in about [0, 1] and 1 for equal pictures. It does not replace people's
scores and is never called MOS.

The numbers are those of the piq package, from whose parts they are computed. piq's own functions
take four times as long: they convolve with box-shaped kernels in double precision, for which torch
has no fast way, and they transform the reference again for every picture. Here, boxes are sums of
shifted planes, and :class:`ProxyQuality` keeps what depends on the reference alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

PROXY = "100 x mean of HaarPSI and 1 - MDSI (piq)"
SCALES = 3
"""HaarPSI's wavelets: of 2, 4 and 8 pixels; the largest weighs, the others are compared."""
HAAR_CONSTANT, HAAR_ALPHA = 30.0, 4.2
MDSI_SIDE = 256
"""MDSI averages pictures until their shorter side is about this long."""
MDSI_CONSTANTS = (140.0, 55.0, 550.0)
MDSI_GRADIENT_SHARE = 0.6
MDSI_POWER = 0.25


def proxy_quality(image: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """Proxy quality of a distorted picture, 100 if it equals its reference.

    Args:
        image: (H, W, 3) uint8 RGB.
        reference: the pristine picture, of the same size.
    """
    return ProxyQuality(reference)(image)


class ProxyQuality:
    """:func:`proxy_quality` of many pictures with one reference; threads may share it."""

    def __init__(self, reference: NDArray[np.uint8]) -> None:
        import torch

        with torch.inference_mode():
            self._reference = _seen(reference)

    def __call__(self, image: NDArray[np.uint8]) -> float:
        """The quality of a picture, (H, W, 3) uint8 RGB of the reference's size."""
        import torch

        with torch.inference_mode():
            seen = _seen(image)
            mean = (_haarpsi(seen, self._reference) + 1 - _mdsi(seen, self._reference)) / 2
        return min(100.0, 100 * float(mean))


class _Seen(NamedTuple):
    """What the two measures compute of one picture; planes are (1, C, h, w) float64."""

    fine: Tensor
    """Magnitudes of the Haar wavelets of 2 and 4 pixels, both orientations each."""
    coarse: Tensor
    """Magnitudes of those of 8 pixels."""
    chroma: Tensor
    """Magnitudes of I and Q."""
    lhm: Tensor
    """MDSI's luminance and two chromaticities."""
    gradient: Tensor
    """Gradient magnitude of that luminance."""


def _seen(picture: NDArray[np.uint8]) -> _Seen:
    import torch
    from piq.functional import rgb2lhm, rgb2yiq

    # In double precision, so that the fourth decimal does not depend on the number of threads.
    image = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].double() / 255 * 255.0
    odd = max(side % 2 for side in image.shape[-2:])
    yiq = _averaged(rgb2yiq(image), 2, (0, odd))
    wavelets = [_haar(yiq[:, :1], 2**scale).abs() for scale in range(1, SCALES + 1)]
    step = max(1, round(min(image.shape[-2:]) / MDSI_SIDE))
    lhm = rgb2lhm(_averaged(image, step, ((step - 1) // 2, step // 2)))
    return _Seen(
        torch.cat(wavelets[:-1], 1),
        wavelets[-1],
        _boxes(_padded(yiq[:, 1:], (0, 1)), 2, 2).div(4).abs(),
        lhm,
        _gradient(lhm[:, :1]),
    )


def _haarpsi(one: _Seen, two: _Seen) -> Tensor:
    import torch
    from piq.functional import similarity_map

    weights = torch.maximum(one.coarse, two.coarse)
    weights = torch.cat([weights, weights.mean(1, keepdim=True)], 1)
    alike = similarity_map(one.fine, two.fine, HAAR_CONSTANT)
    colour = similarity_map(one.chroma, two.chroma, HAAR_CONSTANT).mean(1, keepdim=True)
    alike = torch.cat([(alike[:, :2] + alike[:, 2:]) / 2, colour], 1)
    tiny = torch.finfo(alike.dtype).eps
    score = (((alike * HAAR_ALPHA).sigmoid() * weights).sum() + tiny) / (weights.sum() + tiny)
    return (torch.log(score / (1 - score)) / HAAR_ALPHA) ** 2


def _mdsi(one: _Seen, two: _Seen) -> Tensor:
    from piq.functional import pow_for_complex, similarity_map

    each, both, colour = MDSI_CONSTANTS
    mean = _gradient((one.lhm[:, :1] + two.lhm[:, :1]) / 2)
    gradients = (
        similarity_map(one.gradient, two.gradient, each)
        + similarity_map(one.gradient, mean, both)
        - similarity_map(two.gradient, mean, both)
    )
    (h1, m1), (h2, m2) = ((seen.lhm[:, 1:2], seen.lhm[:, 2:]) for seen in (one, two))
    chroma = (2 * (h1 * h2 + m1 * m2) + colour) / (h1**2 + h2**2 + m1**2 + m2**2 + colour)
    joint = MDSI_GRADIENT_SHARE * gradients + (1 - MDSI_GRADIENT_SHARE) * chroma
    powers = pow_for_complex(joint, MDSI_POWER)
    away = powers - powers.mean(2, keepdim=True).mean(3, keepdim=True)
    found: Tensor = away.pow(2).sum(-1).sqrt().mean() ** MDSI_POWER
    return found


def _haar(plane: Tensor, size: int) -> Tensor:
    """The Haar wavelet of ``size`` pixels in both orientations, (1, 1, h, w) -> (1, 2, h, w)."""
    import torch

    half = size // 2
    padded = _padded(plane, (half - 1, half))  # as MATLAB's conv2(A, B, 'same')
    wide, tall = _boxes(padded, half, size), _boxes(padded, size, half)
    both = [
        wide[:, :, :-half] - wide[:, :, half:],
        tall[..., :-half] - tall[..., half:],
    ]
    return torch.cat(both, 1) / size


def _gradient(plane: Tensor) -> Tensor:
    """The magnitude of Prewitt's gradient, zeros around the plane."""
    padded = _padded(plane, (1, 1))
    rows, columns = _boxes(padded, 1, 3), _boxes(padded, 3, 1)
    down = (rows[:, :, :-2] - rows[:, :, 2:]) / 3
    across = (columns[..., :-2] - columns[..., 2:]) / 3
    return (down**2 + across**2).sqrt()


def _boxes(planes: Tensor, height: int, width: int) -> Tensor:
    """The sum of every box of ``height`` x ``width`` pixels that lies inside the planes."""
    return _runs(_runs(planes, height, 2), width, 3)


def _runs(planes: Tensor, length: int, axis: int) -> Tensor:
    """The sum of every run of ``length`` pixels along an axis."""
    places = planes.shape[axis] - length + 1
    total = planes.narrow(axis, 0, places)
    for start in range(1, length):
        total = total + planes.narrow(axis, start, places)
    return total


def _averaged(planes: Tensor, step: int, around: tuple[int, int]) -> Tensor:
    """Means of blocks of ``step`` x ``step``; ``around`` zeros stand before and after each axis."""
    from torch.nn.functional import avg_pool2d

    return avg_pool2d(_padded(planes, around), step)


def _padded(planes: Tensor, around: tuple[int, int]) -> Tensor:
    from torch.nn.functional import pad

    return pad(planes, (*around, *around))
