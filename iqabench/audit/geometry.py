"""Whether two pictures overlap after a shift, a rotation and a change of size, as crops do.

Local features are matched. Each match proposes a similarity transform. The transform with which
most other matches agree is refined. It predicts an overlap, in which the pictures must look alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from iqabench.audit.features import Features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATIO = 0.85
"""Largest ratio of the distances to the nearest and the second nearest feature (Lowe's test)."""
NEAR = 0.03
"""Largest distance between a matched point and its place by a single match's transform, in units of
the square root of the picture's area. Half of it is allowed for the refined transform."""
SCALE_AGREES, TURN_AGREES = 0.4, 0.35
"""Largest difference of log scales, and of angles in radians, between matches that agree."""
LEAST_INLIERS = 4
LEAST_CORRELATION = 0.72
LEAST_OVERLAP = 0.1
"""The overlap must cover at least this share of one of the two pictures."""
LEAST_PIXELS = 64
"""Least pixels of the first grey copy in the overlap; with fewer, a correlation means nothing."""
FINE, COARSE = 1.0, 4.0
"""Standard deviations of two Gaussian filters, in pixels of the coarser grey copy. The pictures are
compared by the difference of the two filtered copies, the detail."""


@dataclass(frozen=True)
class Overlap:
    """Evidence that two pictures overlap."""

    inliers: int
    """Number of distinct points that one similarity transform maps onto each other."""
    correlation: float
    """Normalised cross-correlation of the overlap's detail."""
    mirrored: bool


def overlap(first: Features, second: Features, mirrored: bool = False) -> Overlap | None:
    """How the pictures overlap; None if they do not.

    If ``mirrored`` is true, ``first`` is mirrored before the comparison.
    """
    if mirrored:
        first = mirror(first)
    source, target, turned = _matches(first, second)
    found = _transform(source, target, turned)
    if found is None:
        return None
    factor, shift, inliers = found
    correlation, covered = _alike(first, second, factor, shift)
    if inliers < LEAST_INLIERS or correlation < LEAST_CORRELATION or covered < LEAST_OVERLAP:
        return None
    return Overlap(inliers, correlation, mirrored)


def mirror(features: Features) -> Features:
    """Features of the picture mirrored left to right, computed without the picture."""
    import numpy as np

    points = features.points * np.array([-1, 1, 1, -1], np.float32)
    points[:, 0] += features.extent[0]
    points[:, 3] += np.pi
    descriptors = mirrored_descriptors(features.descriptors)
    return replace(features, grey=features.grey[:, ::-1], points=points, descriptors=descriptors)


def mirrored_descriptors(descriptors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Descriptors, (K, 128), as the mirrored pictures have them.

    OpenCV orders a descriptor by the place across the orientation, the place along it, and the
    angle to it. What is across changes sides, and angles change their sign.
    """
    grid = descriptors.reshape(-1, 4, 4, 8)
    return grid[:, ::-1, :, [0, 7, 6, 5, 4, 3, 2, 1]].reshape(-1, 128)


def rooted(descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RootSIFT (Arandjelovic and Zisserman, CVPR 2012): unit vectors, (K, 128) float32."""
    import numpy as np

    values = descriptors.astype(np.float32)
    unit: NDArray[np.float32] = np.sqrt(values / np.maximum(values.sum(1, keepdims=True), 1))
    return unit


def _matches(
    first: Features, second: Features
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.complex128]]:
    """Matched positions as complex numbers, and each match's change of scale and orientation."""
    import numpy as np

    if len(first.points) < 2 or len(second.points) < 2:
        nothing = np.empty(0, complex)
        return nothing, nothing, nothing
    likeness = rooted(first.descriptors) @ rooted(second.descriptors).T
    best = likeness.argmax(1)
    rows = np.arange(len(best))
    runner_up = np.partition(likeness, -2, axis=1)[:, -2]
    clear = 2 - 2 * likeness[rows, best] < RATIO**2 * (2 - 2 * runner_up)
    mutual = likeness.argmax(0)[best] == rows
    a, b = first.points[clear & mutual], second.points[best[clear & mutual]]
    turned = b[:, 2] / a[:, 2] * np.exp(1j * (b[:, 3] - a[:, 3]))
    return a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1], turned


def _transform(
    source: NDArray[np.complex128],
    target: NDArray[np.complex128],
    turned: NDArray[np.complex128],
) -> tuple[complex, complex, int] | None:
    """Factor and shift of ``target = factor * source + shift`` with which most matches agree, and
    the number of distinct points that agree; None if there are too few.
    """
    import numpy as np

    if len(source) < 3:
        return None
    shifts = target - turned * source
    misses = abs(target - (turned[:, None] * source + shifts[:, None]))
    change = np.log(turned[:, None] / turned)
    agree = (misses < NEAR) & (abs(change.real) < SCALE_AGREES) & (abs(change.imag) < TURN_AGREES)
    chosen = agree[agree.sum(1).argmax()]
    if _distinct(source[chosen]) < 3:
        return None
    factor, shift = _fitted(source[chosen], target[chosen])
    close = abs(target - (factor * source + shift)) < NEAR / 2
    if _distinct(source[close]) >= 3:
        factor, shift = _fitted(source[close], target[close])
        close = abs(target - (factor * source + shift)) < NEAR / 2
    return factor, shift, _distinct(source[close])


def _fitted(
    source: NDArray[np.complex128], target: NDArray[np.complex128]
) -> tuple[complex, complex]:
    """Factor and shift of ``target = factor * source + shift`` by least squares."""
    centred = source - source.mean()
    factor = (centred.conj() @ (target - target.mean())) / (abs(centred) ** 2).sum()
    return factor, target.mean() - factor * source.mean()


def _distinct(points: NDArray[np.complex128]) -> int:
    """Number of distinct points. A point with two orientations counts once."""
    import numpy as np

    return len(np.unique(np.round(points, 3)))


def _alike(
    first: Features, second: Features, factor: complex, shift: complex
) -> tuple[float, float]:
    """Correlation of the detail where the pictures overlap, and the share that is covered."""
    import numpy as np
    from scipy.ndimage import map_coordinates

    here, there = (np.array(one.grey.shape[::-1]) / one.extent for one in (first, second))
    y, x = np.mgrid[: first.grey.shape[0], : first.grey.shape[1]]
    place = factor * ((x + 0.5) / here[0] + 1j * (y + 0.5) / here[1]) + shift
    columns, rows = place.real * there[0] - 0.5, place.imag * there[1] - 0.5
    height, width = second.grey.shape
    inside = (columns >= 0) & (columns <= width - 1) & (rows >= 0) & (rows <= height - 1)
    if inside.sum() < LEAST_PIXELS:
        return 0.0, 0.0
    covered = inside.mean() * max(1.0, abs(factor) ** 2)
    steps = abs(factor) * (there / here).mean()  # pixels of the second copy per pixel of the first
    a = _detail(first.grey, max(1.0, 1 / steps))[inside]
    b = _detail(second.grey, max(1.0, steps))
    b = map_coordinates(b, (rows[inside], columns[inside]), order=1)
    spread = a.std() * b.std()
    correlation = ((a - a.mean()) * (b - b.mean())).mean() / spread if spread > 0 else 0.0
    return float(correlation), float(covered)


def _detail(grey: NDArray[np.uint8], scale: float) -> NDArray[np.float32]:
    import numpy as np
    from scipy.ndimage import gaussian_filter

    values = grey.astype(np.float32)
    return gaussian_filter(values, FINE * scale) - gaussian_filter(values, COARSE * scale)  # type: ignore[no-any-return]
