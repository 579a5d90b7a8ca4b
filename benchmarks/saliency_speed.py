"""Saliency maps per second of each provider at 512x384: computed, made and read from the cache.

    python benchmarks/saliency_speed.py [--pictures 100] [--threads 1]

The providers take turns picture by picture in one process, so that a machine whose speed drifts
does so for all. "Computed" is one picture's map, checked, from a tensor; "made" is all that a cold
cache costs, from decoded pixels to a written file; "first read" maps the file into memory and
compares its checksum, which a process does once; "read" is every later time. A read map is
turned into float32, as for training, and added up. The limit: reading at least 10 times as fast as
computing the spectral residual. TranSalNet has random weights: they change no cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from measurement import Measurement, tell
from PIL import Image
from skimage import data

from iqabench.contract import DatasetCard
from iqabench.data import array_files
from iqabench.data.tables import Dataset, canonical
from iqabench.data.tensors import picture_tensor, planes_of
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource
from iqabench.saliency.providers import computing
from iqabench_saliency.transalnet import Network

LIMIT = 10.0
HEIGHT, WIDTH = 384, 512
YARDSTICK = "spectral-residual"
KINDS = ("computed", "made", "first read", "read")
SLOW = 20
"""Pictures that networks are shown."""
BENCHMARK = {
    "title": "Saliency maps",
    "aims": ["reading a map at least 10 times as fast as computing the spectral residual"],
    "quick": ["--pictures", "20"],
    "full": ["--pictures", "100"],
    "tiny": ["--pictures", "2"],
}


def make_set(root: Path, count: int) -> Dataset:
    """Windows of a photograph under a little noise, as a data set."""
    random = np.random.default_rng(0)
    photo = data.coffee()
    names = [f"{number:04d}.png" for number in range(count)]
    for name in names:
        top = random.integers(photo.shape[0] - HEIGHT + 1)
        left = random.integers(photo.shape[1] - WIDTH + 1)
        window = photo[top : top + HEIGHT, left : left + WIDTH]
        noisy = np.clip(window + random.normal(0, 4, window.shape), 0, 255).round()
        Image.fromarray(noisy.astype(np.uint8)).save(root / name)
    raw = pd.DataFrame({"image": names, "mos": np.arange(count, dtype=float)})
    card = DatasetCard(name="pictures", title="Pictures", reader="none:none")
    return Dataset(card, root, canonical(raw, card, root))


def providers(folder: Path) -> Iterator[str]:
    """Every provider that computes from pictures, with what it needs."""
    for name, card in sorted(registry().saliency.cards.items()):
        if name == "transalnet":
            torch.save(Network("resnet50").state_dict(), folder / "net.pth")
            yield f"{name}:file={folder / 'net.pth'}"
        elif card.kind == "computed" and name != "onnx":
            yield name


def looked_at(source: MapSource, dataset: Dataset, picture: str) -> float:
    """The sum of a picture's map, as float32, which training makes of it."""
    return float(torch.from_numpy(source.read(dataset, picture)).float().sum())


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print maps per second and the ratio to the limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pictures", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["IQABENCH_CACHE"] = str(Path(folder) / "cache")
        dataset = make_set(Path(folder), asked.pictures)
        sources = {
            text.partition(":")[0]: MapSource(registry().provider(text))
            for text in providers(Path(folder))
        }
        report(dataset, sources)
    print(f"{asked.pictures} pictures of {WIDTH}x{HEIGHT}, {asked.threads} thread(s)")


def report(dataset: Dataset, sources: dict[str, MapSource]) -> None:
    """Measure all providers in turns, and print."""
    times: dict[str, list[list[float]]] = {name: [] for name in sources}
    compute = {name: computing(source.provider) for name, source in sources.items()}
    for number, picture in enumerate(dataset.table["image"]):
        image = planes_of(picture_tensor(dataset, picture))
        for name, source in sources.items():
            if name == "transalnet" and number > SLOW:
                continue
            read = partial(looked_at, source, dataset, picture)
            taken = [seconds(partial(compute[name], image)), seconds(read)]
            array_files._known.clear()
            taken += [seconds(read), seconds(read)]
            if number:  # the first warms up
                times[name].append(taken)
    print(f"{'provider':18}" + "".join(f"{kind + '/s':>14}" for kind in KINDS))
    for name, found in times.items():
        rates = [1 / statistics.median(column) for column in zip(*found, strict=True)]
        print(f"{name:18}" + "".join(f"{rate:14.1f}" for rate in rates))
    ratio = statistics.median(taken[0] / taken[-1] for taken in times[YARDSTICK])
    what = f"reading a map from the cache, beside computing {YARDSTICK}"
    rounds = len(times[YARDSTICK])
    tell(Measurement(what, ratio, "times as fast", rounds, LIMIT, higher=True))


if __name__ == "__main__":
    main()
