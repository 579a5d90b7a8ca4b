"""Which pictures of two lists show the same content, by hash and by geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from iqabench.audit import index, phash
from iqabench.audit.features import Features
from iqabench.audit.geometry import Overlap, overlap

ALL_PAIRS = 4000
"""Up to so many pairs all are looked at closely; an index chooses among more."""
Places = tuple[int, int]


@dataclass(frozen=True)
class Evidence:
    """What says that two pictures show the same content; None where a means found nothing."""

    identical: bool = False
    """The files are equal, byte for byte."""
    bits: int | None = None
    """Bits of 63 in which the perceptual hashes differ."""
    inliers: int | None = None
    """Local features that one similarity transform maps onto each other."""
    correlation: float | None = None
    """Normalised cross-correlation of the overlap that the transform predicts."""
    mirrored: bool = False

    @property
    def found_by(self) -> str:
        """The means that found the pair."""
        means = {
            "identical files": self.identical,
            "hash": self.bits is not None,
            "features": self.inliers is not None,
        }
        return ", ".join(name for name, found in means.items() if found)


def compare(
    first: Sequence[Features],
    second: Sequence[Features] | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> dict[Places, Evidence]:
    """Pairs of indices of pictures that show the same content.

    Args:
        first: pictures of one set.
        second: pictures of another; None compares the first with each other, each pair once and
            none with itself.
        tick: called with the number of pairs looked at closely, and of those to be.
    """
    within = second is None
    others = first if second is None else second
    hashed = _hashed(first, others)
    close = list(_close(first, others))
    candidates = {(*places, one.mirrored) for places, one in hashed.items()} | set(close)
    if within:
        candidates = {one for one in candidates if one[0] < one[1]}
        hashed = {places: one for places, one in hashed.items() if places[0] < places[1]}
    found = dict(hashed)
    for done, (i, j, mirrored) in enumerate(sorted(candidates), 1):
        seen = overlap(first[i], others[j], mirrored)
        if seen is not None and seen.inliers > (_inliers(found.get((i, j)))):
            found[i, j] = _with_overlap(found.get((i, j), Evidence()), seen)
        if tick is not None:
            tick(done, len(candidates))
    return dict(sorted(found.items()))


def _close(
    first: Sequence[Features], second: Sequence[Features]
) -> Iterable[tuple[int, int, bool]]:
    if len(first) * len(second) > ALL_PAIRS:
        return index.candidates(first, second)
    return (
        (i, j, mirrored)
        for i in range(len(first))
        for j in range(len(second))
        for mirrored in (False, True)
    )


def _hashed(first: Sequence[Features], second: Sequence[Features]) -> dict[Places, Evidence]:
    if not first or not second:
        return {}
    here, there = phash.squares(first), phash.squares(second)
    turned = phash.near(here.mirrored(), there)
    found = {places: Evidence(bits=bits, mirrored=True) for places, bits in turned.items()}
    return found | {places: Evidence(bits=bits) for places, bits in phash.near(here, there).items()}


def _inliers(evidence: Evidence | None) -> int:
    return 0 if evidence is None or evidence.inliers is None else evidence.inliers


def _with_overlap(evidence: Evidence, seen: Overlap) -> Evidence:
    return replace(
        evidence,
        inliers=seen.inliers,
        correlation=round(seen.correlation, 3),
        mirrored=seen.mirrored,
    )
