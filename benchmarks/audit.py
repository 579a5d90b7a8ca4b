"""What an audit of two sets costs, with an empty cache and with a full one, and what it finds.

    python benchmarks/audit.py [--images DIR] [--train N] [--test M] [--pairs K]

Without ``--images`` the pictures are generated (drawings of 512 x 512 on noise, as JPEG, in a
temporary folder), so that any pair but the constructed ones is a false alarm. With it they are the
folder's, in an order drawn by a fixed seed, N for the first set and the next M for the second. To
the second set come K copies of pictures of the first: cut to 40 to 100% of the area, scaled by 0.5
to 2, saved as JPEG of quality 20 to 90, three in ten mirrored. Two processes audit one after the
other, with a cache of their own: the second finds the first one's audit in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw, ImageOps

from iqabench.audit.pairs import audit
from iqabench.contract import DatasetCard
from iqabench.data.tables import Dataset, canonical
from iqabench.data.threads import in_threads
from iqabench.kit.processors import cores

SIDE = 512


BENCHMARK = {
    "title": "Leakage audit",
    "aims": [
        "10,000 x 2,000 pictures of 512x512 cold: under 4 minutes on 2 cores; warm: under 10 s",
        "all of 50 constructed pairs found",
    ],
    "quick": None,
    "full": [],
}


def drawing(number: int) -> Image.Image:
    """A drawing of shapes in many sizes and shades, on noise; each number is another one."""
    random = np.random.default_rng(number)
    noise = random.integers(0, 256, (16, 16, 3)).astype(np.uint8)
    picture = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for size in np.geomspace(200, 8, 60):
        x, y = random.integers(0, SIDE, 2)
        corners = [
            (x + dx, y + dy) for dx, dy in random.normal(0, size / 2, (random.integers(3, 7), 2))
        ]
        draw.polygon(corners, fill=tuple(int(v) for v in random.integers(0, 256, 3)))
    return picture


def copied(picture: Image.Image, number: int) -> Image.Image:
    """The picture as another set may hold it."""
    random = np.random.default_rng(number)
    share = random.uniform(0.4, 1) ** 0.5
    width, height = round(picture.width * share), round(picture.height * share)
    left, top = (
        random.integers(0, most + 1) for most in (picture.width - width, picture.height - height)
    )
    part = picture.crop((left, top, left + width, top + height))
    factor = 2 ** random.uniform(-1, 1)
    part = part.resize((round(width * factor), round(height * factor)))
    return ImageOps.mirror(part) if random.random() < 0.3 else part


def dataset(name: str, root: Path, files: list[Path]) -> Dataset:
    """A data set of these files, whose labels say nothing."""
    card = DatasetCard(name=name, title=name, reader="a:b")
    table = pd.DataFrame({"image": [str(file.relative_to(root)) for file in files]})
    return Dataset(card, root, canonical(table.assign(mos=1.0), card, root))


def built(asked: argparse.Namespace, folder: Path) -> dict[str, list[str]]:
    """The files of both sets and of the constructed pairs, made where they do not exist."""
    if asked.images is None:

        def drawn(number: int) -> Path:
            place = folder / f"{number}.jpg"
            drawing(number).save(place, quality=85)
            return place

        files = list(in_threads(drawn, range(asked.train + asked.test)))
    else:
        found = sorted(file for file in asked.images.iterdir() if file.is_file())
        np.random.default_rng(0).shuffle(found)  # type: ignore[arg-type]
        files = found[: asked.train + asked.test]
    originals = files[: asked.train][:: max(1, asked.train // asked.pairs)][: asked.pairs]
    copies = []
    for number, original in enumerate(originals):
        copies.append(folder / f"copy-{number}.jpg")
        with Image.open(original) as picture:
            quality = int(np.random.default_rng(number).integers(20, 91))
            copied(picture.convert("RGB"), number).save(copies[-1], quality=quality)
    sides = {"first": files[: asked.train], "second": [*files[asked.train :], *copies]}
    return {
        side: list(map(str, paths))
        for side, paths in {**sides, "originals": originals, "copies": copies}.items()
    }


def measure(plan: Path) -> None:
    """Audit once; print what it cost and found, as a line of JSON."""
    asked = {side: list(map(Path, paths)) for side, paths in json.loads(plan.read_text()).items()}
    root = Path(os.path.commonpath([*asked["first"], *asked["second"]]))
    first, second = (dataset(side, root, asked[side]) for side in ("first", "second"))
    _ = first.image_hashes, second.image_hashes
    wall, processor = time.perf_counter(), time.process_time()
    found = audit(first, second)
    spent = {
        "wall s": round(time.perf_counter() - wall, 2),
        "processor s": round(time.process_time() - processor, 2),
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    pairs = {(pair.first.path, pair.second.path) for pair in found.pairs}
    built_pairs = set(zip(asked["originals"], asked["copies"], strict=True))
    print(
        json.dumps(
            {
                "pictures": [len(first.table), len(second.table)],
                "cores": cores(),
                **spent,
                "constructed": len(built_pairs),
                "of these found": len(built_pairs & pairs),
                "other pairs": len(pairs - built_pairs),
            }
        ),
        flush=True,
    )


def main() -> None:
    """Build the sets, and audit them in two processes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--train", type=int, default=10_000)
    parser.add_argument("--test", type=int, default=2_000)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure is not None:
        measure(asked.measure)
        return
    with tempfile.TemporaryDirectory() as folder:
        plan = Path(folder, "plan.json")
        plan.write_text(json.dumps(built(asked, Path(folder))))
        for state in ("cold", "warm"):
            print(state, end=": ", flush=True)
            own = {**os.environ, "IQABENCH_CACHE": str(Path(folder, "cache"))}
            subprocess.run([sys.executable, __file__, "--measure", str(plan)], env=own, check=True)


if __name__ == "__main__":
    main()
