"""What the harness costs: predicting and training through it beside bare loops over the same work.

    python benchmarks/overhead.py [--pictures 500] [--epoch-pictures 2000] [--rounds 5] [--cpu]
                                  [--models biosiqnet-lite,hyperiqa] [--crops 25] [--batch 8]

Pictures are JPEGs of 512x384, made here; weights are random and change no cost. Three ratios for
each model, medians of rounds in which all loops take turns, with the limits beside them:

- predicting, from an empty cache, against decoding each file with Pillow plus the network's forward
  over tensors in memory;
- a training epoch from the second on, against decoding each file plus the bare loop's steps over
  tensors in memory;
- the same epoch against these steps alone.

``--cpu`` counts the process's CPU seconds in place of the clock's, for a machine with company; what
runs beside the model on other cores then counts in full. ``--crops`` is the number of test crops
where a recipe wants several: few make the limit stricter.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from PIL import Image
from safetensors.torch import save_file
from skimage import data as photographs

from iqabench.contract import Batch, DatasetCard
from iqabench.contract.models import network
from iqabench.data.tables import Dataset, canonical
from iqabench.data.tensors import picture_tensor, planes_of
from iqabench.engine.checkpoints import plain_state
from iqabench.engine.crops import TrainingCrops, normalise, test_views
from iqabench.engine.device import slow_bf16
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.optimizers import frozen, make_optimizer
from iqabench.engine.predict_job import predict
from iqabench.engine.training import fit_network
from iqabench.engine.training_module import Course, keep_statistics
from iqabench.protocols.choices import Choices
from iqabench.protocols.plan import PredictJob
from iqabench.protocols.requests import ModelRequest, resolve
from iqabench.registry import registry
from iqabench.saliency.maps import MapSource
from iqabench.store import Store

HEIGHT, WIDTH = 384, 512
LIMITS = {"predict": 1.05, "epoch": 1.05, "epoch, compute alone": 1.1}
PICTURES_PER_SECOND = 12.0
BF16, PAIRS = 1.6, 3
LITE = "biosiqnet-lite"
IN_MEMORY = 4
"""Batches, and views of so many pictures, that bare loops go round: 2,000 would take gigabytes."""


clock = time.perf_counter


BENCHMARK = {
    "title": "The harness beside a bare loop",
    "aims": [
        "predicting 500 pictures: at most 1.05 times the bare loop and decoding",
        "a training epoch: at most 1.05 times the bare loop",
        "epochs of 2,000 JPEGs from the second on: at most 1.1 times pure compute",
        "biosiqnet-lite: 12 pictures of 512x384 a second from files in fp32 on 2 cores",
        "biosiqnet-lite in bf16: 1.6 times as many, where the processor has units for it",
    ],
    "quick": None,
    "full": ["--models", "biosiqnet-lite", "--pictures", "300", "--epoch-pictures", "240"],
}


def make_set(root: Path, count: int) -> Dataset:
    """JPEGs of photographs with a camera's noise, as a data set."""
    source = Image.fromarray(photographs.astronaut()).resize((WIDTH + 64, WIDTH + 64))
    names = [f"{number:05d}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        random = np.random.default_rng(number)
        x, y = random.integers(64), random.integers(WIDTH + 64 - HEIGHT)
        crop = np.asarray(source.crop((x, y, x + WIDTH, y + HEIGHT)))
        noisy = (crop + random.normal(0, 3, crop.shape)).round().clip(0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(root / name, quality=90)
    card = DatasetCard(name="pictures", title="Pictures", reader="none:none")
    raw = pd.DataFrame({"image": names, "mos": np.arange(count, dtype=float)})
    return Dataset(card, root, canonical(raw, card, root))


def decoding(dataset: Dataset, names: Sequence[str]) -> float:
    """Seconds to decode the pictures, one after the other."""
    start = clock()
    for name in names:
        with Image.open(dataset.path(name)) as picture:
            np.array(picture.convert("RGB"))
    return clock() - start


@dataclass
class Subject:
    """A model, and the pictures that it predicts and learns from."""

    request: ModelRequest
    dataset: Dataset
    predicted: list[str]
    learnt: list[str]
    place: Path

    def __post_init__(self) -> None:
        torch.manual_seed(0)
        self.net = network(self.request.build())
        self.weights = self.place / "weights.safetensors"
        save_file(plain_state(self.net), self.weights, LabelScale(0.0, 1.0).metadata())
        self.net.to(memory_format=torch.channels_last)
        self.maps = None
        if self.request.card.saliency != "none":
            self.maps = MapSource(self.request.saliency)
            self.maps.make(self.dataset, self.learnt)
        quality = np.linspace(0, 1, len(self.learnt), dtype=np.float32)
        self.crops = TrainingCrops(
            self.dataset, self.learnt, quality, self.request.recipe, self.maps, 0
        )

    def bare_predict(self) -> float:
        """Seconds of decoding, and of the network over views in memory."""
        views = []
        for name in self.predicted[:IN_MEMORY]:
            made = test_views(planes_of(picture_tensor(self.dataset, name)), self.request.recipe)
            inputs = normalise(made, self.request.recipe)
            views.append(inputs.contiguous(memory_format=torch.channels_last))
        self.net.eval()
        with torch.inference_mode():
            self.net(views[0])
            start = clock()
            for number in range(len(self.predicted)):
                float(self.net(views[number % len(views)]).mean())
        return clock() - start + decoding(self.dataset, self.predicted)

    def harness_predict(self, precision: str = "fp32") -> float:
        """Seconds of a predict job on a cache that is empty."""
        os.environ["IQABENCH_CACHE"] = tempfile.mkdtemp(dir=self.place)
        request = replace(self.request, weights=str(self.weights), precision=precision)
        table = self.dataset.table
        rows = table[table["image"].isin(self.predicted)].reset_index(drop=True)
        part = Dataset(self.dataset.card, self.dataset.root, rows)
        assert part.image_hashes  # hashed before, as by a plan
        job = PredictJob(request, part, None, None, 0, None, identity=None)  # type: ignore[arg-type]
        folder = Path(tempfile.mkdtemp(dir=self.place))
        start = clock()
        predict(job, Store(folder), folder, lambda *_: None)
        return clock() - start

    def bare_steps(self) -> float:
        """Seconds of an epoch's optimiser steps over batches in memory."""
        size = self.request.recipe.batch_size
        batches = []
        for number in range(IN_MEMORY):
            found = [self.crops[0, (number * size + k) % len(self.crops)] for k in range(size)]
            images, quality, maps, index = (torch.stack(part) for part in zip(*found, strict=True))
            images = images.contiguous(memory_format=torch.channels_last)
            batches.append(Batch(images, quality, maps if maps.shape[1] else None, index))
        torch.manual_seed(0)
        net: Any = self.net.train()
        stage = self.request.recipe.stages[-1]
        if stage.freeze_statistics:
            keep_statistics(net)
        optimizer = make_optimizer(net, stage)
        weights = self.request.recipe.loss_weights
        with frozen(net, stage.freeze):
            start = clock()
            for number in range(-(-len(self.crops) // size)):
                optimizer.zero_grad()
                losses = net.losses(batches[number % len(batches)])
                total = sum(weights.get(name, 1.0) * loss for name, loss in losses.items())
                total.backward()
                optimizer.step()
            return clock() - start

    def harness_epoch(self) -> float:
        """Seconds of the second of three epochs of a fit; validation is left out.

        At the end of the last epoch weights may be averaged and statistics measured anew.
        """
        ends: list[float] = []

        def validate(_: Any) -> float:
            ends.append(clock())
            return 0.0

        folder = Path(tempfile.mkdtemp(dir=self.place))
        net = network(self.request.build())
        course = (net, self.request.recipe, self.crops, validate, folder, "cpu", "fp32")
        fit_network(Course(*course, lambda *_: None))
        return ends[1] - ends[0]


def report(name: str, kind: str, ratios: list[float]) -> None:
    """One line: the median ratio, its spread, and the limit."""
    print(
        f"{name}: {kind}: {statistics.median(ratios):.3f}x (limit {LIMITS[kind]}x; "
        f"{min(ratios):.3f} to {max(ratios):.3f} over {len(ratios)} rounds)",
        flush=True,
    )


def compare(subject: Subject, rounds: int) -> None:
    """Print the ratios of a model."""
    name = subject.request.card.name
    found: dict[str, list[float]] = {kind: [] for kind in LIMITS}
    rates, faster = [], []
    cache = os.environ["IQABENCH_CACHE"]
    for _ in range(rounds):
        bare, ours = subject.bare_predict(), subject.harness_predict()
        found["predict"].append(ours / bare)
        rates.append(len(subject.predicted) / ours)
        if name == LITE and not slow_bf16("cpu", "bf16"):
            faster += _pairs(subject, ours)
        os.environ["IQABENCH_CACHE"] = cache
        compute, decoded = subject.bare_steps(), decoding(subject.dataset, subject.learnt)
        epoch = subject.harness_epoch()
        found["epoch"].append(epoch / (compute + decoded))
        found["epoch, compute alone"].append(epoch / compute)
    for kind, ratios in found.items():
        report(name, kind, ratios)
    aim = f" (aim {PICTURES_PER_SECOND:g})" if name == LITE else ""
    print(f"{name}: {statistics.median(rates):.1f} pictures of {WIDTH}x{HEIGHT} a second{aim}")
    if faster:
        print(
            f"{name}: {statistics.median(faster):.2f} times as many in bf16 (aim {BF16:g}; "
            f"{min(faster):.2f} to {max(faster):.2f} over {len(faster)} pairs)"
        )


def _pairs(subject: Subject, ours: float) -> list[float]:
    """How many times as many pictures bf16 scores, in turns: one pair varies by a fifth."""
    ratios = [ours / subject.harness_predict("bf16")]
    while len(ratios) < PAIRS:
        ratios.append(subject.harness_predict() / subject.harness_predict("bf16"))
    return ratios


def main() -> None:
    """Make the pictures and compare each model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--epoch-pictures", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", default="biosiqnet-lite,hyperiqa")
    parser.add_argument("--crops", type=int, default=25)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--cpu", action="store_true")
    asked = parser.parse_args()
    if asked.cpu:
        global clock
        clock = time.process_time
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        os.environ["IQABENCH_CACHE"] = str(root / "cache")
        (root / "pictures").mkdir()
        dataset = make_set(root / "pictures", max(asked.pictures, asked.epoch_pictures))
        names = list(dataset.table["image"])
        seconds = "CPU" if asked.cpu else "clock"
        load = os.getloadavg()[0]
        print(f"{torch.get_num_threads()} threads, load {load:.1f}, seconds of the {seconds}")
        for name in asked.models.split(","):
            fields = {"epochs": 3, "batch_size": asked.batch, "train_crops": 1, "select": "last"}
            if name == "hyperiqa":
                fields["test_crops"] = asked.crops
            overrides = [f"{name}.recipe.{key}={value}" for key, value in fields.items()]
            (request,) = resolve(registry(), [name], overrides, Choices(init="random"))
            predicted, learnt = names[: asked.pictures], names[: asked.epoch_pictures]
            compare(Subject(request, dataset, predicted, learnt, root), asked.rounds)


if __name__ == "__main__":
    main()
