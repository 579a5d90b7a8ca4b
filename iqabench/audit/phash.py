"""Perceptual hashes: they find copies that differ by compression, size or noise, but not crops.

A hash holds the signs of the 63 lowest frequencies of a discrete cosine transform, after Zauner
(2010). If a picture is mirrored, every second column changes its sign. So the hash of the mirrored
picture needs no second transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iqabench.audit.features import Features

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE, FREQUENCIES = 32, 8
BITS = FREQUENCIES**2 - 1
MOST_DIFFERENT = 8
"""Largest number of bits, of 63, in which the hashes of copies differ."""
LEAST_CORRELATION = 0.9
"""Least correlation of the squares of 32 x 32 pixels from which the hashes were made."""
BLOCK = 1024


@dataclass(frozen=True)
class Squares:
    """Pictures squeezed to a small square: standardised pixels, and the signs that are the hash."""

    pixels: NDArray[np.float32]
    """(N, SIDE, SIDE), mean 0 and variance 1 each; all 0 where a picture is flat."""
    signs: NDArray[np.float32]
    """(N, FREQUENCIES, FREQUENCIES), -1 or 1; 0 for the constant term."""

    def mirrored(self) -> Squares:
        """The squares of the pictures mirrored left to right."""
        import numpy as np

        turn = (-1.0) ** np.arange(FREQUENCIES, dtype=np.float32)
        return Squares(self.pixels[:, :, ::-1], self.signs * turn)


def squares(pictures: Sequence[Features]) -> Squares:
    """The squares of the given pictures."""
    import numpy as np
    from PIL import Image
    from scipy.fft import dctn

    shape = SIDE, SIDE
    small = [Image.fromarray(one.grey).resize(shape, Image.Resampling.BOX) for one in pictures]
    pixels = np.array(small, np.float32).reshape(-1, *shape)
    pixels -= pixels.mean((1, 2), keepdims=True)
    spread = pixels.std((1, 2), keepdims=True)
    pixels /= np.where(spread >= 1, spread, np.inf)
    waves = dctn(pixels, axes=(1, 2))[:, :FREQUENCIES, :FREQUENCIES]
    signs = np.where(waves > 0, np.float32(1), np.float32(-1))
    signs[:, 0, 0] = 0
    return Squares(pixels, signs)


def near(first: Squares, second: Squares) -> dict[tuple[int, int], int]:
    """Pairs of indices whose hashes and squares are alike -> bits in which the hashes differ."""
    import numpy as np

    found: dict[tuple[int, int], int] = {}
    for start in range(0, len(first.signs), BLOCK):
        signs = first.signs[start : start + BLOCK].reshape(-1, BITS + 1)
        differ = (BITS - signs @ second.signs.reshape(-1, BITS + 1).T) / 2
        for i, j in zip(*np.nonzero(differ <= MOST_DIFFERENT), strict=True):
            likeness = float((first.pixels[start + i] * second.pixels[j]).mean())
            if likeness >= LEAST_CORRELATION:
                found[start + int(i), int(j)] = int(differ[i, j])
    return found
