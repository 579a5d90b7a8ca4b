"""Chooses, of many pairs of pictures, the pairs to compare closely: a bag of words of features.

Each descriptor becomes one word in each of several tables. A word is made of the signs of random
projections of the descriptor's whitened principal components. Features of the same spot share words
far more often than by chance. So pictures that overlap share more words than other pictures. A
product of two sparse matrices counts the shared words of all pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from iqabench.audit.features import Features
from iqabench.audit.geometry import mirror, rooted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TABLES, BITS, COMPONENTS = 24, 24, 24
COLUMNS = 4_194_301
"""A prime. Words are counted modulo this number: matrices stay small, and few words collide."""
SAMPLE = 400
"""Largest number of pictures whose descriptors give the principal components."""
UNUSUAL = 5.0
"""Shared words above chance, in standard deviations, from which a pair is a candidate."""
BLOCK = 256


def candidates(
    first: Sequence[Features], second: Sequence[Features]
) -> Iterator[tuple[int, int, bool]]:
    """Pairs of indices to compare closely, and whether to mirror the first picture before."""
    project = _projection([*first, *second])
    if project is None:
        return
    there = _words(second, project).T.tocsr()
    sizes = [[len(one.points) for one in side] for side in (first, second)]
    for mirrored in (False, True):
        side = [mirror(one) for one in first] if mirrored else first
        here = _words(side, project)
        for start in range(0, len(first), BLOCK):
            votes = (here[start : start + BLOCK] @ there).toarray()
            yield from (
                (start + int(i), int(j), mirrored)
                for i, j in _unusual(votes, sizes[0][start : start + BLOCK], sizes[1])
            )


def _unusual(votes: NDArray[np.float32], rows: list[int], columns: list[int]) -> Any:
    """Indices of pairs that share more words than expected from their numbers of features."""
    import numpy as np

    chances = np.outer(rows, columns)
    rate = np.median(votes[chances > 0] / chances[chances > 0]) if chances.any() else 0.0
    expected = rate * chances
    return np.argwhere((votes - expected) / np.sqrt(expected + 1) >= UNUSUAL)


def _projection(pictures: Sequence[Features]) -> Any:
    """A function from (K, 128) descriptors to (K, TABLES * BITS) numbers whose signs are the words.

    The principal components are computed from an even sample of the pictures. None if the sample
    has too few descriptors.
    """
    import numpy as np

    step = -(-len(pictures) // SAMPLE)
    sample = rooted(np.concatenate([one.descriptors for one in pictures[::step]]))
    if len(sample) <= COMPONENTS:
        return None
    mean = sample.mean(0)
    values, vectors = np.linalg.eigh(np.cov((sample - mean).T))
    whitening = vectors[:, -COMPONENTS:] / np.sqrt(np.maximum(values[-COMPONENTS:], 1e-12))
    random = np.random.default_rng(0).standard_normal((COMPONENTS, TABLES * BITS))
    matrix = (whitening @ random).astype(np.float32)
    return lambda descriptors: (rooted(descriptors) - mean) @ matrix


def _words(pictures: Sequence[Features], project: Any) -> Any:
    """A sparse matrix, pictures x words, 1 where a picture has a word."""
    import numpy as np
    from scipy.sparse import csr_matrix

    places = 1 << np.arange(BITS, dtype=np.int64)
    tables = np.arange(TABLES, dtype=np.int64) << BITS
    columns, ends = [], [0]
    for one in pictures:
        bits = (project(one.descriptors) > 0).reshape(-1, TABLES, BITS)
        words = np.unique((bits @ places + tables) % COLUMNS)
        columns.append(words.astype(np.int32))
        ends.append(ends[-1] + len(words))
    indices = np.concatenate(columns)
    return csr_matrix((np.ones(len(indices), np.float32), indices, ends), (len(pictures), COLUMNS))
