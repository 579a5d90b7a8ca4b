"""Natural scene statistics: the shared tools of BRISQUE, NIQE and PIQE.

Everything follows the conventions of the authors' MATLAB releases: grey levels in 0..255, a 7x7
Gaussian window of standard deviation 7/6, the stabilising constant 1, moment matching over a table
of shapes 0.2, 0.201, ..., 10, and ``imresize(image, 0.5)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

if TYPE_CHECKING:
    from torch import Tensor

Plane: TypeAlias = NDArray[np.float32]
Values: TypeAlias = NDArray[np.float64]
Border: TypeAlias = Literal["constant", "edge"]

_RADIUS = 3
STRIP = 64  # rows worked on at once: the intermediate planes of a strip stay in the CPU's cache

_OFFSETS = np.arange(-_RADIUS, _RADIUS + 1)
_WINDOW = np.exp(-(_OFFSETS**2) / (2 * (7 / 6) ** 2))
_WINDOW /= _WINDOW.sum()
_SLOPE_WEIGHTS = tuple(np.float32(_WINDOW[_RADIUS + 1 + k :].sum()) for k in range(_RADIUS))
# Rounded to float32, the window's weights add up to a little more than 1. So does pyiqa's window,
# and where nothing else is left, in flat regions, that decides what is counted.
_EXCESS = np.float32(np.outer(_WINDOW, _WINDOW).astype(np.float32).sum(dtype=np.float64) - 1)

_LUMA = (0.299, 0.587, 0.114)


def luma(images: Tensor) -> Tensor:
    """BT.601 luma of RGB images, (..., 3, H, W) -> (..., H, W), in their own units.

    Products are added from left to right in float32, one operation after the other; for 8-bit
    images that decides how ties are rounded, on every processor alike. pyiqa leaves it to a matrix
    product, which may add in another order or fuse, and then rounds ties otherwise.
    """
    red, green, blue = images.unbind(dim=-3)
    return _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue


def gray_levels(images: Tensor) -> Plane:
    """Grey levels of RGB images in [0, 1], (..., 3, H, W) -> (..., H, W) float32, whole, 0..255."""
    levels: Plane = np.empty((*images.shape[:-3], *images.shape[-2:]), np.float32)
    for rows in strips(images.shape[-2]):
        strip = (255 * luma(images[..., rows, :])).round()
        levels[..., rows, :] = strip.detach().cpu().numpy()
    return levels


def strips(height: int) -> Iterator[slice]:
    """Rows that are worked on together. So the memory in use grows with the width alone."""
    for top in range(0, height, STRIP):
        yield slice(top, min(top + STRIP, height))


def mscn(image: NDArray[np.floating], border: Border = "constant") -> Plane:
    """Mean-subtracted, contrast-normalised coefficients, (I - mu) / (sigma + 1).

    The local mean and deviation are computed from differences between neighbours, never from the
    difference of two large numbers E[I^2] - mu^2. So float32 errs by less than 1e-4.

    The window's weights are float32 and add up to 1 + 1.1e-8, as in pyiqa. In flat regions, such as
    a saturated or blurred sky, that leaves the same tiny negative coefficient all over, unless they
    are black. Fits count the samples on either side of 0; with an exact window they would count
    rounding noise there, and depend on library and machine.

    Args:
        image: (H, W) grey levels, 0..255.
        border: what lies outside the image. ``"constant"``: black, as MATLAB's ``filter2`` assumes
            (BRISQUE); ``"edge"``: the nearest pixel, as ``imfilter(..., 'replicate')`` (NIQE,
            PIQE).

    Returns:
        (H, W) float32.

    References:
        Mittal, Moorthy, Bovik: No-reference image quality assessment in the spatial domain, IEEE
        TIP 21(12), 2012, equations 1 to 3.
    """
    found: Plane = np.empty(image.shape, np.float32)
    for rows, (coefficients, _) in zip(strips(len(image)), mscn_strips(image, border), strict=True):
        found[rows] = coefficients
    return found


def mscn_and_contrast(image: NDArray[np.floating], border: Border) -> tuple[Plane, Plane]:
    """The coefficients of :func:`mscn` and what they were divided by, sigma + 1."""
    found: tuple[Plane, Plane] = (
        np.empty(image.shape, np.float32),
        np.empty(image.shape, np.float32),
    )
    for rows, made in zip(strips(len(image)), mscn_strips(image, border), strict=True):
        for plane, strip in zip(found, made, strict=True):
            plane[rows] = strip
    return found


def mscn_strips(
    image: NDArray[np.floating] | NDArray[np.uint8], border: Border
) -> Iterator[tuple[Plane, Plane]]:
    """What :func:`mscn_and_contrast` returns, ``STRIP`` rows after the other."""
    height = len(image)
    for rows in strips(height):
        top, bottom = max(rows.start - _RADIUS, 0), min(rows.stop + _RADIUS, height)
        missing = (top - rows.start + _RADIUS, rows.stop + _RADIUS - bottom)
        strip = np.asarray(image[top:bottom], dtype=np.float32)
        yield _mscn_strip(np.pad(strip, [missing, (_RADIUS, _RADIUS)], mode=border))


def _mscn_strip(padded: Plane) -> tuple[Plane, Plane]:
    """Coefficients and contrast of a strip with ``_RADIUS`` more pixels on every side."""
    slope = padded[1:] - padded[:-1]
    # I^2 has the slope (a - b)(a + b), which is exact where a^2 - b^2 is rounded.
    square_slope = slope * (padded[1:] + padded[:-1])
    mean, square = _blur_minus_centre(slope), _blur_minus_centre(square_slope)

    rows = padded[_RADIUS:-_RADIUS]
    slope = rows[:, 1:] - rows[:, :-1]
    square_slope = slope * (rows[:, 1:] + rows[:, :-1])
    slope += mean[:, 1:] - mean[:, :-1]
    square_slope += square[:, 1:] - square[:, :-1]
    inner = slice(_RADIUS, -_RADIUS)
    mean = mean[:, inner] + _blur_minus_centre(slope.T).T  # mu - I
    square = square[:, inner] + _blur_minus_centre(square_slope.T).T  # E[I^2] - I^2

    # E[I^2] - mu^2 = (E[I^2] - I^2) - (mu - I)(mu + I)
    rows = rows[:, inner]
    square -= mean * (2 * rows + mean)
    excess = _EXCESS * rows
    mean += excess
    square -= excess * rows
    contrast = np.sqrt(np.abs(square, out=square), out=square)
    contrast += np.float32(1)
    return np.divide(np.negative(mean, out=mean), contrast, out=mean), contrast


def _blur_minus_centre(slope: Plane) -> Plane:
    """Gaussian mean along the first axis minus the central value, from the first differences.

    Of n + 5 differences, n results. A neighbour at distance k differs from the centre by the k
    differences between them, so each difference is weighted with the window's remaining tail.
    """
    n = slope.shape[0] - 2 * _RADIUS + 1
    total = slope[_RADIUS : _RADIUS + n] - slope[_RADIUS - 1 : _RADIUS - 1 + n]
    total *= _SLOPE_WEIGHTS[0]
    for k in range(1, _RADIUS):
        pair = slope[_RADIUS + k : _RADIUS + k + n] - slope[_RADIUS - 1 - k : _RADIUS - 1 - k + n]
        pair *= _SLOPE_WEIGHTS[k]
        total += pair
    return total


def neighbour_products(coefficients: Plane) -> Iterator[Plane]:
    """Products of each coefficient with its left, upper, upper left and lower left neighbour.

    Args:
        coefficients: (..., h, w); neighbours are paired around the edges of each (h, w) plane.

    Yields:
        Four times (..., h, w).
    """
    sides = [(0, 0)] * (coefficients.ndim - 2) + [(1, 1), (1, 0)]
    yield from _products(np.pad(coefficients, sides, mode="wrap"))


def _products(around: Plane) -> Iterator[Plane]:
    """Products as of :func:`neighbour_products`, with the neighbours that lie around."""
    coefficients = around[..., 1:-1, 1:]
    yield coefficients * around[..., 1:-1, :-1]
    yield coefficients * around[..., :-2, 1:]
    yield coefficients * around[..., :-2, :-1]
    yield coefficients * around[..., 2:, :-1]


def _product_strips(coefficients: Plane) -> Iterator[tuple[Plane, ...]]:
    """The four products of an (H, W) plane, ``STRIP`` rows after the other."""
    height = len(coefficients)
    for rows in strips(height):
        taken = coefficients[np.arange(rows.start - 1, rows.stop + 1) % height]
        yield tuple(_products(np.pad(taken, [(0, 0), (1, 0)], mode="wrap")))


def halve(image: NDArray[np.floating]) -> Plane:
    """Half-size image, as MATLAB's ``imresize(image, 0.5)``: antialiased bicubic.

    Args:
        image: (H, W) with both sides at least 4; the border is mirrored.

    Returns:
        (ceil(H / 2), ceil(W / 2)) float32; not clipped, so it may overshoot the range a little.
    """
    padded = np.pad(np.asarray(image, dtype=np.float32), (3, 4), mode="symmetric")
    return np.ascontiguousarray(_halve_rows(_halve_rows(padded).T).T)


# The cubic kernel (a = -1/2) at 1/4, 3/4, 5/4 and 7/4, halved; with their mirror images they sum to
# 1 exactly, so a flat image stays flat to the last bit.
_CUBIC_WEIGHTS = tuple(np.float32(w / 256) for w in (111, 29, -9, -3))


def _halve_rows(padded: Plane) -> Plane:
    end = (padded.shape[0] - 6) // 2 * 2
    total = padded[3 : 3 + end : 2] + padded[4 : 4 + end : 2]
    total *= _CUBIC_WEIGHTS[0]
    for k, weight in enumerate(_CUBIC_WEIGHTS[1:], start=1):
        pair = padded[3 - k : 3 - k + end : 2] + padded[4 + k : 4 + k + end : 2]
        pair *= weight
        total += pair
    return total


_SHAPES = np.arange(200, 10001) / 1000
_LOG_RATIO = 2 * gammaln(2 / _SHAPES) - gammaln(1 / _SHAPES) - gammaln(3 / _SHAPES)


def _boundaries(table: Values) -> Values:
    return (table[1:] + table[:-1]) / 2


# Rising (AGGD) and, negated, rising too (GGD): a value between two neighbouring boundaries is
# nearest to the table's entry between them, which a bisection finds.
_AGGD_BOUNDARIES = _boundaries(np.exp(_LOG_RATIO))
_GGD_BOUNDARIES = _boundaries(-np.exp(-_LOG_RATIO))


def fit_ggd(samples: NDArray[np.floating]) -> tuple[Values, Values]:
    """Shape and standard deviation of zero-mean generalised Gaussian samples.

    Args:
        samples: (..., h, w); each (h, w) plane is one sample.

    Returns:
        ``shape``, 0.2..10 (2 is Gaussian, 1 Laplacian), and ``sigma``, both (...) float64. Samples
        that are all 0, for which the moments say nothing, count as the most peaked: 0.2 and 0.

    References:
        Sharifi, Leon-Garcia: Estimation of shape parameter for generalized Gaussian distributions
        in subband decompositions of video, IEEE TCSVT 5(1), 1995.
    """
    height, width = samples.shape[-2:]
    rows = [_ggd_rows(samples[..., rows, :]) for rows in strips(height)]
    absolute, square = _sums(rows)
    mean_abs, variance = absolute / (height * width), square / (height * width)
    ratio = np.full_like(variance, np.inf)
    np.divide(variance, mean_abs**2, out=ratio, where=mean_abs > 0)
    return _SHAPES[np.searchsorted(_GGD_BOUNDARIES, -ratio)], np.sqrt(variance)


def fit_aggd(samples: NDArray[np.floating]) -> tuple[Values, Values, Values]:
    """Shape and both deviations of asymmetric generalised Gaussian samples with their mode at 0.

    Args:
        samples: (..., h, w); each (h, w) plane is one sample.

    Returns:
        ``shape``, 0.2..10, and ``left`` and ``right``, the root mean squares of the samples below
        and above 0, all (...) float64. A side without samples has 0; samples that are all 0 have
        the shape 0.2.

    References:
        Lasmar, Stitou, Berthoumieu: Multiscale skewed heavy tailed model for texture analysis, IEEE
        ICIP 2009.
    """
    return _aggd(_sums([_aggd_rows(samples)]), samples.shape[-1] * samples.shape[-2])


def fit_product_aggds(coefficients: Plane) -> list[tuple[Values, Values, Values]]:
    """:func:`fit_aggd` of the four :func:`neighbour_products` of an (H, W) plane, in strips."""
    strips_of = [[_aggd_rows(one) for one in four] for four in _product_strips(coefficients)]
    return [_aggd(_sums(rows), coefficients.size) for rows in zip(*strips_of, strict=True)]


def _aggd(sums: list[Values], count: int) -> tuple[Values, Values, Values]:
    """What :func:`fit_aggd` returns, from the sums of :func:`_aggd_rows` over the rows."""
    above, below, above_square, below_square, above_count, below_count = sums
    mean_abs = (above - below) / count
    mean_square = (above_square + below_square) / count

    left = np.sqrt(below_square / np.maximum(below_count, 1))
    right = np.sqrt(above_square / np.maximum(above_count, 1))
    # The usual r (g^3 + 1)(g + 1) / (g^2 + 1)^2 with g = left / right, which may be infinite,
    # multiplied out.
    ratio = np.zeros_like(mean_square)
    skew = (left**3 + right**3) * (left + right)
    np.divide(
        mean_abs**2 * skew,
        mean_square * (left**2 + right**2) ** 2,
        out=ratio,
        where=mean_square > 0,
    )
    return aggd_shape(ratio), left, right


def aggd_shape(ratio: Values | np.float64) -> Values:
    """The shapes, 0.2..10, whose ``gamma(2/s)^2 / (gamma(1/s) gamma(3/s))`` is nearest."""
    return np.asarray(_SHAPES[np.searchsorted(_AGGD_BOUNDARIES, ratio)])


# Rows are added up in the samples' own precision, the rows' totals in float64: as fast as float32
# and accurate for millions of pixels. So it makes no difference how many rows are at hand at once.

Rows: TypeAlias = tuple[NDArray[Any], ...]
"""Some sums over each row, (..., h) each."""


def _ggd_rows(samples: NDArray[np.floating]) -> Rows:
    """Sums of the absolute values and of the squares."""
    return np.abs(samples).sum(axis=-1), _row_squares(samples)


def _aggd_rows(samples: NDArray[np.floating]) -> Rows:
    """Sums of the values above and below 0, sums of their squares, and their numbers."""
    above = np.maximum(samples, 0)
    below = samples - above
    return (
        above.sum(axis=-1),
        below.sum(axis=-1),
        _row_squares(above),
        _row_squares(below),
        _row_counts(above > 0),
        _row_counts(below < 0),
    )


def _sums(strips_of: Sequence[Rows]) -> list[Values]:
    """Each sum over all rows of all strips."""
    return [
        np.asarray(np.concatenate(rows, axis=-1).sum(axis=-1, dtype=np.float64))
        for rows in zip(*strips_of, strict=True)
    ]


def _row_squares(samples: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.asarray(np.einsum("...i,...i->...", samples, samples))


def _row_counts(mask: NDArray[np.bool_]) -> NDArray[np.uint32]:
    # Adding bytes is several times faster than np.count_nonzero with an axis.
    return np.asarray(mask.view(np.uint8).sum(axis=-1, dtype=np.uint32))
