"""How well a saliency map predicts where people look.

Maps are (H, W) and of any scale; fixations are (N, 2) integers, (y, x) of pixels inside the map, a
row for each fixation, so that a place that was looked at twice counts twice. NSS, the AUCs and
information gain judge a map by fixations; CC, SIM and KLD by a true map, such as blurred fixations.

Without fixations every value is nan. A constant map tells no place from another: its NSS and CC are
0 and its AUC is 1/2. NaN and infinity are errors.

Definitions: Bylinskii, Judd, Oliva, Torralba and Durand, "What do different evaluation metrics tell
us about saliency models?", IEEE TPAMI 41(3), 2019.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from iqabench.stats.agreement import plcc
from iqabench.stats.centring import FloatArray, centred

PlaceArray = npt.NDArray[np.intp]

METRICS = {
    "nss": "NSS",
    "auc_judd": "AUC-Judd",
    "sauc": "sAUC",
    "cc": "CC",
    "sim": "SIM",
    "kld": "KLD",
    "ig": "IG",
}
"""The metrics' short names, as columns of tables have them, and as readers know them."""
EPSILON = 2.2204e-16
"""Added to probabilities before their logarithm, as the MIT benchmark does it."""


def nss(saliency: npt.ArrayLike, fixations: npt.ArrayLike) -> float:
    """Normalised scanpath saliency: the mean at fixations of the map in standard scores.

    0 is chance and higher is better; it has no bounds. The standard deviation has divisor H*W, as
    in pysaliency, whereas MATLAB's and torch's default has H*W - 1 (Peters, Iyer, Itti and Koch,
    Vision Research 45(18), 2005). 0 for a constant map, where MATLAB's division gives NaN.

    Args:
        saliency: (H, W) map.
        fixations: (N, 2) integers, (y, x).

    Raises:
        ValueError: wrong shapes or types, NaN, infinity, or a fixation outside the map.
    """
    values = _map(saliency, "saliency")
    away = centred(values.ravel())
    looked = _at(away.reshape(values.shape), fixations, "fixations")
    if not looked.size:
        return np.nan
    return float(looked.mean() / np.sqrt((away**2).mean())) if away.any() else 0.0


def auc_judd(saliency: npt.ArrayLike, fixations: npt.ArrayLike) -> float:
    """Area under the ROC curve of telling fixated pixels from all others, in [0, 1].

    The probability that a fixated pixel has a higher value than another pixel, equal values
    counting half; 1/2 is chance. A pixel that was looked at twice counts once (Judd, Ehinger,
    Durand and Torralba, ICCV 2009).

    The MIT code and pysaliency's ``AUC_Judd`` break ties by random jitter, of which this is the
    mean, and take thresholds at fixated values alone: that cuts the curve's corners and adds up to
    1 / (2N) for N fixated pixels. pysaliency's ``AUC`` takes all pixels as negatives unless told
    otherwise; both count a pixel as often as it was looked at.

    Args:
        saliency: (H, W) map.
        fixations: (N, 2) integers, (y, x).

    Returns:
        The area; nan where no pixel or every pixel is fixated.

    Raises:
        ValueError: as of :func:`nss`.
    """
    values = _map(saliency, "saliency")
    places = _places(fixations, values.shape, "fixations")
    fixated = np.zeros(values.shape, dtype=bool)
    fixated[places[:, 0], places[:, 1]] = True
    return _area(values[fixated], values[~fixated])


def shuffled_auc(saliency: npt.ArrayLike, fixations: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Area under the ROC curve of telling fixations from those on other pictures, in [0, 1].

    Since people look at the centre of any picture, a map that knows no more than that scores 1/2
    (Tatler, Baddeley and Gilchrist, Vision Research 45(5), 2005; Zhang et al., "SUN", Journal of
    Vision 8(7), 2008). Every fixation of both kinds counts, and equal values count half, as in
    pysaliency; the MIT code draws random subsets of others and steps through thresholds of 0.1.

    Args:
        saliency: (H, W) map.
        fixations: (N, 2) integers, (y, x).
        others: (M, 2) integers, fixations on other pictures, rescaled to this one's size.

    Returns:
        The area; nan where there are no fixations or no others.

    Raises:
        ValueError: as of :func:`nss`.
    """
    values = _map(saliency, "saliency")
    return _area(_at(values, fixations, "fixations"), _at(values, others, "others"))


def cc(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Pearson's correlation of two maps over their pixels, in [-1, 1].

    0 where the predicted map is constant, as in pysaliency; nan where the true one is.

    Args:
        predicted: (H, W) map.
        truth: (H, W) map.

    Raises:
        ValueError: wrong or different shapes, NaN or infinity.
    """
    p, q = _pair(predicted, truth, ("predicted", "truth"))
    if (p == p.flat[0]).all() and not (q == q.flat[0]).all():
        return 0.0
    return plcc(p.ravel(), q.ravel())


def sim(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Similarity: the sum of the pixelwise minimum of maps that sum to one, in [0, 1].

    As in pysaliency; TranSalNet's code and MIT's first scale each map from 0 to 1, which takes a
    map's minimum away and so changes the value.

    Args:
        predicted: (H, W) map, not negative.
        truth: (H, W) map, not negative.

    Returns:
        The similarity; nan where a map is zero everywhere.

    Raises:
        ValueError: wrong or different shapes, negative values, NaN or infinity.
    """
    p, q = map(_density, _pair(predicted, truth, ("predicted", "truth")), ("predicted", "truth"))
    return float(np.minimum(p, q).sum())


def kld(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Kullback-Leibler divergence of the true from the predicted distribution, in nats.

    ``sum of Q log(eps + Q / (P + eps))`` of maps that sum to one, with eps = 2.2204e-16, as the MIT
    code and pysaliency's ``MIT_KLDiv`` have it. 0 is best; there is no upper bound, but a
    predicted zero costs at most 36 nats. TranSalNet's code first scales each map from 0 to 1.

    Args:
        predicted: (H, W) map, not negative.
        truth: (H, W) map, not negative.

    Returns:
        The divergence; nan where a map is zero everywhere.

    Raises:
        ValueError: as of :func:`sim`.
    """
    p, q = map(_density, _pair(predicted, truth, ("predicted", "truth")), ("predicted", "truth"))
    return float((q * np.log(EPSILON + q / (p + EPSILON))).sum())


def information_gain(
    density: npt.ArrayLike, baseline: npt.ArrayLike, fixations: npt.ArrayLike
) -> float:
    """How much better a map predicts fixations than a baseline, in bits per fixation.

    The mean at fixations of ``log2(P + eps) - log2(B + eps)``, maps that sum to one, with
    eps = 2.2204e-16: a zero at a fixation costs up to 52 bits (Kümmerer, Wallis and Bethge, PNAS
    112(52), 2015). 0 where both are equal; negative where the baseline is better. A map that is
    no probability density but, say, its square root, loses by that; nothing is fitted here.

    Args:
        density: (H, W) map, not negative.
        baseline: (H, W) map, not negative, such as a centre prior.
        fixations: (N, 2) integers, (y, x).

    Returns:
        The gain; nan where there are no fixations or a map is zero everywhere.

    Raises:
        ValueError: as of :func:`nss` and :func:`sim`.
    """
    names = ("density", "baseline")
    p, b = map(_density, _pair(density, baseline, names), names)
    places = _places(fixations, p.shape, "fixations")
    if not len(places):
        return np.nan
    y, x = places.T
    return float((np.log2(p[y, x] + EPSILON) - np.log2(b[y, x] + EPSILON)).mean())


def _area(positive: FloatArray, negative: FloatArray) -> float:
    """The share of (positive, negative) pairs in which the positive is higher; ties are halves."""
    if not (positive.size and negative.size):
        return np.nan
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left").mean()
    through = np.searchsorted(ordered, positive, "right").mean()
    return float((below + through) / (2 * negative.size))


def _map(values: npt.ArrayLike, name: str) -> FloatArray:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"{name} must be a map (H, W), not of shape {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} holds NaN or infinity")
    return found


def _pair(
    first: npt.ArrayLike, second: npt.ArrayLike, names: tuple[str, str]
) -> tuple[FloatArray, FloatArray]:
    p, q = _map(first, names[0]), _map(second, names[1])
    if p.shape != q.shape:
        raise ValueError(f"{names[0]} is of shape {p.shape}, {names[1]} of {q.shape}")
    return p, q


def _density(values: FloatArray, name: str) -> FloatArray:
    """The map divided by its sum; all nan where that is zero."""
    if (values < 0).any():
        raise ValueError(f"{name} holds negative values")
    total = values.sum()
    return values / total if total > 0 else np.full(values.shape, np.nan)


def _places(fixations: npt.ArrayLike, shape: tuple[int, ...], name: str) -> PlaceArray:
    places = np.asarray(fixations)
    if not places.size:
        return np.empty((0, 2), dtype=np.intp)
    if places.ndim != 2 or places.shape[1] != 2:
        raise ValueError(f"{name} must be (N, 2), not of shape {places.shape}")
    if places.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integers, (y, x) of pixels, not {places.dtype}")
    if (places < 0).any() or (places >= shape).any():
        raise ValueError(f"{name} lie outside the map of {shape[0]}x{shape[1]}")
    return places.astype(np.intp)


def _at(values: FloatArray, fixations: npt.ArrayLike, name: str) -> FloatArray:
    places = _places(fixations, values.shape, name)
    return values[places[:, 0], places[:, 1]]
