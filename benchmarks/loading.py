"""Reading a data set's PNG pictures, whole, for two epochs: iqabench, pyiqa and plain torch.

    python benchmarks/loading.py [--pictures 2000] [--rounds 3]

Every loader hands over float32 pictures, (1, 3, 384, 512), in [0, 1], in a random order; ours are
also normalised. "bytes" compares uint8 ones, without pyiqa, which has none. Ours reads as training
does: the first epoch hashes the files, decodes them into an empty cache and then reads that. The
others decode in worker processes, as many as are fastest in a trial. All take turns, epoch by
epoch, so that a machine whose speed drifts does so for all; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from measurement import Measurement, tell
from PIL import Image
from skimage import data as photographs
from torch.utils.data import DataLoader
from torchvision.transforms.functional import pil_to_tensor, to_tensor

from iqabench.contract import DatasetCard, Recipe
from iqabench.data.picture_cache import prepare
from iqabench.data.tables import Dataset, canonical
from iqabench.data.tensors import picture_tensor
from iqabench.data.threads import in_threads
from iqabench.engine.crops import EpochOrder, TrainingCrops

HEIGHT, WIDTH = 384, 512
WORKERS = (0, 1, 2, 3, 4)
Epochs = Iterator[Iterable[Any]]
BENCHMARK = {
    "title": "Reading PNG pictures",
    "quick": ["--pictures", "300"],
    "full": [],
    "tiny": ["--pictures", "12", "--rounds", "1"],
}


def make_pictures(root: Path, count: int) -> list[str]:
    """Write crops of photographs, enlarged and with noise of a camera's strength, as PNG files."""
    sources = [photographs.astronaut(), photographs.coffee(), photographs.rocket()]

    def make(number: int) -> str:
        random = np.random.default_rng(number)
        photo = Image.fromarray(sources[number % len(sources)])
        scale = random.uniform(1.0, 1.6) * max(HEIGHT / photo.height, WIDTH / photo.width)
        photo = photo.resize((round(photo.width * scale) + 1, round(photo.height * scale) + 1))
        x, y = random.integers(photo.width - WIDTH), random.integers(photo.height - HEIGHT)
        crop = np.asarray(photo.crop((x, y, x + WIDTH, y + HEIGHT)))
        noisy = (crop + random.normal(0, 3, crop.shape)).round().clip(0, 255).astype(np.uint8)
        name = f"{number:05d}.png"
        Image.fromarray(noisy).save(root / name)
        return name

    return list(in_threads(make, range(count)))


def ours(root: Path, names: list[str], _: int, as_float: bool) -> Epochs:
    """Epochs as training reads them, from a cache that is empty at first."""
    os.environ["IQABENCH_CACHE"] = tempfile.mkdtemp(dir=root)
    card = DatasetCard(name="pictures", title="Pictures", reader="none:none")
    raw = pd.DataFrame({"image": names, "mos": np.arange(len(names), dtype=float)})
    dataset = Dataset(card, root, canonical(raw, card, root))
    quality = np.zeros(len(names), np.float32)
    recipe = Recipe(crop=None, test_crop_kind="whole", batch_size=1, augment=())
    crops = TrainingCrops(dataset, names, quality, recipe, None, 0)
    order = EpochOrder(crops)
    epoch = 0
    while True:
        order.set_epoch(epoch)
        if not epoch:
            prepare(dataset, names, False, lambda *_: None)
        if as_float:
            yield (image for image, *_ in DataLoader(crops, batch_size=1, sampler=order))
        else:
            yield (torch.stack([picture_tensor(dataset, names[number])]) for _, number in order)
        epoch += 1


class Plain(torch.utils.data.Dataset[torch.Tensor]):
    """Pillow and nothing else."""

    def __init__(self, root: Path, names: list[str], as_float: bool) -> None:
        self.paths = [root / name for name in names]
        self.tensor = to_tensor if as_float else pil_to_tensor

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self.paths[index]) as picture:
            return self.tensor(picture.convert("RGB"))


def plain(root: Path, names: list[str], workers: int, as_float: bool) -> Epochs:
    """Epochs of torch's loader, whose workers stay."""
    loader = DataLoader(
        Plain(root, names, as_float),
        batch_size=1,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    while True:
        yield loader


def pyiqa(root: Path, names: list[str], workers: int, as_float: bool) -> Epochs:
    """Epochs of pyiqa's own data set and loader, whose workers stay."""
    from pyiqa.data import build_dataloader, build_dataset

    labels = root / "labels.csv"
    pd.DataFrame({"name": names, "mos": 0.0}).to_csv(labels, index=False)
    options = {
        "name": "pictures",
        "type": "GeneralNRDataset",
        "dataroot_target": str(root),
        "meta_info_file": str(labels),
        "phase": "train",
        "batch_size_per_gpu": 1,
        "num_worker_per_gpu": workers,
        "persistent_workers": workers > 0,
    }
    loader = build_dataloader(build_dataset(options), options)
    while True:
        yield (item["img"] for item in loader)


LOADERS: dict[str, Callable[[Path, list[str], int, bool], Epochs]] = {
    "iqabench": ours,
    "pyiqa": pyiqa,
    "torch and Pillow": plain,
}


def epoch(epochs: Epochs) -> tuple[float, float]:
    """Seconds of the next epoch, and the sum of one pixel of each picture."""
    start, total = time.perf_counter(), 0.0
    for image in next(epochs):
        total += float(image[0, :, HEIGHT // 2, WIDTH // 2].sum())
    return time.perf_counter() - start, total


def best_workers(name: str, root: Path, names: list[str], as_float: bool) -> int:
    """The number of workers with the fastest second epoch, of a few pictures."""
    if name == "iqabench":
        return 0
    times = {}
    for workers in WORKERS:
        epochs = LOADERS[name](root, names, workers, as_float)
        epoch(epochs)
        times[workers] = epoch(epochs)[0]
    return min(times, key=times.__getitem__)


def compare(root: Path, names: list[str], as_float: bool, rounds: int) -> None:
    """Print both epochs of every loader and the ratios to ours."""
    others = [name for name in LOADERS if as_float or name != "pyiqa"][1:]
    workers = {
        name: best_workers(name, root, names[: max(100, len(names) // 10)], as_float)
        for name in ("iqabench", *others)
    }
    ratios: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        running = {
            name: LOADERS[name](root, names, count, as_float) for name, count in workers.items()
        }
        for number in (0, 1):
            found = {name: epoch(epochs) for name, epochs in running.items()}
            if not np.allclose([total for _, total in found.values()], found["iqabench"][1]):
                raise SystemExit(f"the loaders read different pixels: {found}")
            best = min(found[name][0] for name in others)
            mine = found["iqabench"][0]
            ratios[number].append(mine / best if number == 0 else best / mine)
            print(
                f"epoch {number + 1}: "
                + ", ".join(
                    f"{name} ({workers[name]} workers) {1e3 * found[name][0] / len(names):.2f} ms"
                    for name in found
                ),
                flush=True,
            )
    kind = f"{len(names)} PNG pictures as {'float32' if as_float else 'bytes'}"
    first, later = (statistics.median(found) for found in ratios)
    tell(
        Measurement(f"{kind}, first epoch, beside the best other", first, "times as long", rounds),
        Measurement(f"{kind}, later epochs, beside it", later, "times as fast", rounds),
    )


def resident() -> list[float]:
    """MiB of this process's own memory, and of files that it has mapped."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    return [int(found[kind].split()[0]) / 1024 for kind in ("RssAnon", "RssFile")]


@contextmanager
def sampled() -> Iterator[list[list[float]]]:
    """What is resident meanwhile, every few milliseconds."""
    samples, done = [resident()], threading.Event()

    def sample() -> None:
        while not done.wait(0.005):
            samples.append(resident())

    thread = threading.Thread(target=sample)
    thread.start()
    yield samples
    done.set()
    thread.join()


def memory(root: Path, names: list[str]) -> None:
    """Print by how much memory grows, at most, in each epoch of ours."""
    epochs, before = ours(root, names, 0, True), resident()
    for number in (1, 2):
        with sampled() as samples:
            epoch(epochs)
        own, mapped = np.max(samples, axis=0) - before
        print(f"memory in epoch {number}: +{own:.0f} MiB of its own, +{mapped:.0f} MiB mapped")


def main() -> None:
    """Make the pictures, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    torch.set_num_threads(1)  # as in workers; threads that wait for each other suffer from company
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        names = make_pictures(root, asked.pictures)
        size = sum((root / name).stat().st_size for name in names)
        print(f"{len(names)} PNG files, {size / len(names) / 1e3:.0f} kB each")
        memory(root, names)
        compare(root, names, True, asked.rounds)
        compare(root, names, False, asked.rounds)


if __name__ == "__main__":
    main()
