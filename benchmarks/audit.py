"""How the cost of the leakage audit grows with the number of pictures.

    python benchmarks/audit.py [--images DIR] [--numbers 50 100 200 ...] [--tile 128]

Pictures are tiles that do not overlap, cut from the photographs of a folder, so that there are many
unrelated ones; each number is compared with as many others. Last stands what the growth says about
10,000 x 10,000: features grow with the number, the index and the close looks with its square.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from iqabench.audit import compare, index, phash
from iqabench.audit.features import Features, compute
from iqabench.audit.geometry import overlap
from iqabench.data.decoding import decode

SCENES = Path(__file__).parents[2] / "shared" / "scene200" / "images"
FAR = 10_000


def tiles(folder: Path, side: int) -> Iterator[np.ndarray]:
    """Square tiles of a folder's photographs, the first of each photograph first."""
    photos = [decode(path).pixels for path in sorted(folder.iterdir())]
    for row in range(max(photo.shape[0] for photo in photos) // side):
        for column in range(max(photo.shape[1] for photo in photos) // side):
            for photo in photos:
                tile = photo[side * row : side * (row + 1), side * column : side * (column + 1)]
                if tile.shape[:2] == (side, side):
                    yield tile


def spent(start: float) -> float:
    """Processor seconds since then."""
    return time.process_time() - start


def parts(first: list[Features], second: list[Features]) -> tuple[float, float, int, float]:
    """Seconds for hashes and for the index, its candidates, and seconds for looking at them."""
    start = time.process_time()
    phash.near(phash.squares(first), phash.squares(second))
    hashes, start = spent(start), time.process_time()
    found = list(index.candidates(first, second))
    indexed, start = spent(start), time.process_time()
    for i, j, mirrored in found:
        overlap(first[i], second[j], mirrored)
    return hashes, indexed, len(found), spent(start)


def main() -> None:
    """Print a row per number of pictures, and the cost that it leads to expect far out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, default=SCENES)
    parser.add_argument("--numbers", type=int, nargs="+", default=[50, 100, 200, 400, 800, 1600])
    parser.add_argument("--tile", type=int, default=128)
    asked = parser.parse_args()
    made: list[Features] = []
    start = time.process_time()
    for tile in tiles(asked.images, asked.tile):
        if len(made) == 2 * max(asked.numbers):
            break
        made.append(compute(tile))
    each = spent(start) / len(made)
    points = np.mean([len(one.points) for one in made])
    print(f"{len(made)} tiles: {1000 * each:.0f} ms for the features of one, {points:.0f} points")
    print("n x n: hashes, index, close looks (candidates); every pair instead")
    for number in asked.numbers:
        if 2 * number > len(made):
            break
        sides = made[0 : 2 * number : 2], made[1 : 2 * number : 2]
        hashes, indexed, candidates, looked = parts(*sides)
        pair = looked / max(candidates, 1)
        print(
            f"{number} x {number}: {hashes:.2f} s, {indexed:.2f} s, {looked:.2f} s ({candidates}); "
            f"{2 * number**2 * pair:.1f} s",
            flush=True,
        )
    far = (FAR / number) ** 2
    print(
        f"{FAR} x {FAR}: {2 * FAR * each / 60:.1f} minutes for features, "
        f"{(hashes + indexed) * far / 60:.1f} for hashes and index, {looked * far / 60:.1f} for "
        f"close looks; {2 * FAR**2 * pair / 3600:.0f} hours for every pair"
    )
    print(f"up to {compare.ALL_PAIRS} pairs every pair is looked at, and no index made")


if __name__ == "__main__":
    main()
