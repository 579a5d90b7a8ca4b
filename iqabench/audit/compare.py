"""Which pictures of two lists show the same content, by hash and by geometry."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from iqabench.audit import index, phash
from iqabench.audit.features import Features
from iqabench.audit.geometry import Overlap, overlap
from iqabench.contract.progress import Tick
from iqabench.kit.processors import cores

ALL_PAIRS = 4000
"""Up to this many pairs, all are compared by geometry. Of more pairs, an index chooses some."""
Places = tuple[int, int]


@dataclass(frozen=True)
class Evidence:
    """Evidence that two pictures show the same content. None where a method found nothing."""

    identical: bool = False
    """The files are equal, byte for byte."""
    bits: int | None = None
    """Number of bits, of 63, in which the perceptual hashes differ."""
    inliers: int | None = None
    """Number of local features that one similarity transform maps onto each other."""
    correlation: float | None = None
    """Normalised cross-correlation of the overlap that the transform predicts."""
    mirrored: bool = False

    @property
    def found_by(self) -> str:
        """The methods that found the pair."""
        means = {
            "identical files": self.identical,
            "hash": self.bits is not None,
            "features": self.inliers is not None,
        }
        return ", ".join(name for name, found in means.items() if found)


def compare(
    first: Sequence[Features],
    second: Sequence[Features] | None = None,
    tick: Tick | None = None,
) -> dict[Places, Evidence]:
    """Pairs of indices of pictures that show the same content -> the evidence.

    Args:
        first: pictures of one set.
        second: pictures of another set; None compares the pictures of ``first`` with each other,
            each pair once and no picture with itself.
        tick: called while pairs are chosen by the index, if it is needed, and for each pair whose
            geometry was compared.
    """
    within = second is None
    others = first if second is None else second
    hashed = _hashed(first, others)
    if within:
        hashed = {places: one for places, one in hashed.items() if places[0] < places[1]}
    close = {(*places, one.mirrored) for places, one in hashed.items()}
    close |= _close(first, second, tick)
    found = dict(hashed)
    for done, (i, j, mirrored) in enumerate(sorted(close), 1):
        seen = overlap(first[i], others[j], mirrored)
        if seen is not None and seen.inliers > (_inliers(found.get((i, j)))):
            found[i, j] = _with_overlap(found.get((i, j), Evidence()), seen)
        if tick is not None:
            tick(done, len(close), "comparing")
    return dict(sorted(found.items()))


def _close(
    first: Sequence[Features], second: Sequence[Features] | None, tick: Tick | None
) -> set[tuple[int, int, bool]]:
    """The pairs to compare closely, and whether to mirror the first picture before."""
    others = first if second is None else second
    if len(first) * len(others) > ALL_PAIRS:
        with ThreadPoolExecutor(cores()) as threads:
            return {
                (int(i), int(j), some.mirrored)
                for some in index.candidates(first, second, threads, tick)
                for i, j in some.places
            }
    return {
        (i, j, mirrored)
        for i in range(len(first))
        for j in range(i + 1 if second is None else 0, len(others))
        for mirrored in (False, True)
    }


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
