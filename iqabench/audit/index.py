"""Chooses, of many pairs of pictures, the pairs to compare closely: those with several alike spots.

Descriptors are reduced to their principal components. In each of several tables a descriptor falls
into a cell, named by the signs of random projections. Descriptors of one spot often share a cell,
so that only descriptors of equal cells are compared. A pair of pictures is a candidate if several
different descriptors are alike and would have one picture turned and scaled in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iqabench.audit.features import Features
from iqabench.audit.geometry import mirrored_descriptors, rooted
from iqabench.contract.progress import Tick

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLES, COMPONENTS = 4, 32
PER_CELL = 256
"""About so many descriptors of the longer list are in a cell."""
MOST_BITS = 16
LEAST_LIKENESS = 0.88
"""Least cosine of the angle between the principal components of descriptors that are alike."""
LEAST_ALIKE = 3
"""Least number of a picture's descriptors, in either picture of a candidate, that are alike."""
MOST_ALIKE = 512
"""A descriptor that is like more others of its cell says nothing, as a dot or an edge does."""
SAMPLE = 400
"""Largest number of pictures whose descriptors give the principal components."""
BLOCK = 8192
"""Pictures of either list that are compared at once; with 170 descriptors each, 200 MB a list."""
CELLS = 32
"""Cells that a thread compares at a time."""
OCTAVES, TURNS = 1.0, math.pi / 4
"""Changes of scale and orientation agree if they fall into one bin of this size; the bins are also
shifted by half of it."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of pictures to compare closely: places in the two lists, one row per pair."""

    places: NDArray[np.int64]
    """(N, 2)."""
    mirrored: bool
    """Whether to mirror the first picture before."""


@dataclass(frozen=True)
class _Axes:
    """How descriptors are reduced."""

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    """(128, COMPONENTS)."""
    planes: NDArray[np.float32]
    """(TABLES, COMPONENTS, MOST_BITS) random directions among the whitened components."""


@dataclass(frozen=True)
class _Spots:
    """The descriptors of some pictures."""

    owners: NDArray[np.int64]
    """(N,): the place of the picture that has the descriptor."""
    reduced: NDArray[np.float32]
    """(N, COMPONENTS) unit vectors."""
    scales: NDArray[np.float32]
    """(N,) in octaves."""
    turns: NDArray[np.float32]
    """(N,) in radians."""


def candidates(
    first: Sequence[Features],
    second: Sequence[Features] | None,
    threads: Executor,
    tick: Tick | None = None,
) -> Iterator[Candidates]:
    """Pairs of indices to compare closely, block by block.

    With None as ``second`` they are pairs of ``first``, each once and none of a picture with
    itself.
    """
    import numpy as np

    others = first if second is None else second
    blocks = [(a, b) for b in range(0, len(others), BLOCK) for a in range(0, len(first), BLOCK)]
    if second is None:
        blocks = [(a, b) for a, b in blocks if a <= b]
    axes = _axes([*first, *(second or ())])
    if axes is None:
        return
    for number, (begin, start) in enumerate(blocks):
        there = _spots(others, start, axes, mirrored=False)
        for mirrored in (False, True):
            here = _spots(first, begin, axes, mirrored)
            found = []
            for table, planes in enumerate(axes.planes, 1):
                found.append(_alike(here.reduced, there.reduced, planes, threads))
                if tick is not None:
                    done = (2 * number + mirrored) * TABLES + table
                    tick(done, 2 * len(blocks) * TABLES, "choosing pairs")
            places = _together(here, there, np.unique(np.concatenate(found)))
            if second is None:
                places = places[places[:, 0] < places[:, 1]]
            yield Candidates(places, mirrored)


def _axes(pictures: Sequence[Features]) -> _Axes | None:
    """The principal components of an even sample of the pictures; None if they have too few
    descriptors.
    """
    import numpy as np

    step = -(-len(pictures) // SAMPLE)
    sample = rooted(np.concatenate([one.descriptors for one in pictures[::step]]))
    if len(sample) <= COMPONENTS:
        return None
    mean = sample.mean(0)
    values, vectors = np.linalg.eigh(np.cov((sample - mean).T))
    random = np.random.default_rng(0).standard_normal((TABLES, COMPONENTS, MOST_BITS), np.float32)
    spread = np.sqrt(np.maximum(values[-COMPONENTS:], 1e-12)).astype(np.float32)
    components = vectors[:, -COMPONENTS:].astype(np.float32)
    return _Axes(mean, components, random / spread[:, None])


def _spots(pictures: Sequence[Features], start: int, axes: _Axes, mirrored: bool) -> _Spots:
    """The descriptors of a block of pictures."""
    import numpy as np

    block = pictures[start : start + BLOCK]
    parts = []
    for some in range(0, len(block), SAMPLE):  # so that the unreduced ones are few at any time
        found = np.concatenate([one.descriptors for one in block[some : some + SAMPLE]])
        found = mirrored_descriptors(found) if mirrored else found
        parts.append((rooted(found) - axes.mean) @ axes.components)
    reduced = np.concatenate(parts)
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-6)
    numbers = [len(one.points) for one in block]
    points = np.concatenate([one.points for one in block])
    turns = math.pi - points[:, 3] if mirrored else points[:, 3]
    owners = start + np.repeat(np.arange(len(block)), numbers)
    turned = turns.astype(np.float32)
    return _Spots(owners, reduced.astype(np.float32, copy=False), np.log2(points[:, 2]), turned)


def _together(here: _Spots, there: _Spots, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """(N, 2) places of pictures that have several alike spots, of the spots that are alike."""
    import numpy as np

    width = max(len(there.owners), 1)
    a, b = found // width, found % width
    pictures = 1 + max(here.owners.max(initial=0), there.owners.max(initial=0))
    pairs = here.owners[a] * pictures + there.owners[b]
    octaves = (there.scales[b] - here.scales[a]) / OCTAVES
    turns = (there.turns[b] - here.turns[a]) % (2 * math.pi) / TURNS
    kept = np.unique(
        np.concatenate(
            [
                _several(pairs, _bins(octaves + half, turns + other), a, b)
                for half in (0, 0.5)
                for other in (0, 0.5)
            ]
        )
    )
    return np.column_stack([kept // pictures, kept % pictures])


def _bins(octaves: NDArray[np.float32], turns: NDArray[np.float32]) -> NDArray[np.int64]:
    """The number, below 2048, of the bin of each change of scale and orientation."""
    import numpy as np

    around = round(2 * math.pi / TURNS)
    scale = np.clip(np.floor(octaves) + 64, 0, 127).astype(np.int64)
    found: NDArray[np.int64] = scale * around + np.floor(turns).astype(np.int64) % around
    return found


def _several(
    pairs: NDArray[np.int64],
    bins: NDArray[np.int64],
    here: NDArray[np.int64],
    there: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The pairs of which several different spots of both pictures fall into one bin."""
    import numpy as np

    keys = pairs * 2048 + bins
    kept = np.intersect1d(_often(keys, here), _often(keys, there), assume_unique=True)
    return np.unique(kept // 2048)


def _often(keys: NDArray[np.int64], spots: NDArray[np.int64]) -> NDArray[np.int64]:
    """The keys that occur with several different spots."""
    import numpy as np

    order = np.lexsort((spots, keys))
    keys, spots = keys[order], spots[order]
    new = np.ones(len(keys), bool)
    new[1:] = (keys[1:] != keys[:-1]) | (spots[1:] != spots[:-1])
    names, counts = np.unique(keys[new], return_counts=True)
    return names[counts >= LEAST_ALIKE]


def _alike(
    here: NDArray[np.float32],
    there: NDArray[np.float32],
    planes: NDArray[np.float32],
    threads: Executor,
) -> NDArray[np.int64]:
    """Alike descriptors of equal cells: place in ``here`` times length of ``there``, plus place."""
    import numpy as np

    bits = min(max(max(len(here), len(there)) // PER_CELL, 1).bit_length(), MOST_BITS)
    orders, bounds = [], []
    for vectors in (here, there):
        cells = (vectors @ planes[:, :bits] > 0) @ (1 << np.arange(bits, dtype=np.int64))
        orders.append(np.argsort(cells, kind="stable"))
        bounds.append(np.searchsorted(cells[orders[-1]], np.arange((1 << bits) + 1)))

    def compared(first: int) -> list[NDArray[np.int64]]:
        found = []
        for cell in range(first, min(first + CELLS, 1 << bits)):
            a, b = (o[e[cell] : e[cell + 1]] for o, e in zip(orders, bounds, strict=True))
            if len(a) and len(b):
                near = np.flatnonzero(here[a] @ there[b].T > LEAST_LIKENESS)
                rows = near // len(b)
                telling = np.bincount(rows, minlength=len(a))[rows] <= MOST_ALIKE
                found.append(a[rows[telling]] * len(there) + b[near[telling] % len(b)])
        return found

    parts = [part for some in threads.map(compared, range(0, 1 << bits, CELLS)) for part in some]
    return np.concatenate([np.empty(0, np.int64), *parts])
