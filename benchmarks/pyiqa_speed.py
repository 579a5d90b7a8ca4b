"""HyperIQA and DBCNN as `iqabench score` runs them, beside pyiqa's API; taking turns.

    python benchmarks/pyiqa_speed.py [--pictures 5] [--models hyperiqa,dbcnn]

Both read the same files of 512 x 384 pixels with the same weights, random ones, which change no
cost; HyperIQA looks at 25 crops in both. pyiqa computes in fp32, ours in fp32 and in bf16. The
ratios of each picture's times are what counts on a machine whose speed drifts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from measurement import Measurement, tell
from PIL import Image

from iqabench.data.decoding import decode
from iqabench.data.file_hashes import digest
from iqabench.data.tensors import planes_of
from iqabench.engine.kinds import adapter
from iqabench.engine.kinds.base import Pictures
from iqabench.engine.model_weights import chosen_weights
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry
from iqabench.store import Store

SIZE = (384, 512)
Score = Callable[[str], float]
BENCHMARK = {
    "title": "Networks of pyiqa",
    "quick": ["--pictures", "3"],
    "full": ["--pictures", "9"],
    "tiny": ["--pictures", "1", "--models", "cnniqa"],
}


def publish(name: str, folder: Path) -> None:
    """Random weights under the name of pyiqa's own file, where both sides look."""
    request = resolve(registry(), [name], [], Choices(init="random"))[0]
    torch.manual_seed(0)
    state = request.build().net.state_dict()
    torch.save({"params": state}, folder / request.card.weights[0].filename)


def ours(name: str, precision: str) -> Score:
    """What `iqabench score NAME --weights published --precision PRECISION` does to a picture."""
    choices = Choices(weights="published")
    request = resolve(registry(), [name], [], choices, precision=precision)[0]

    def planes(path: str) -> torch.Tensor:
        return planes_of(torch.from_numpy(decode(Path(path)).pixels).permute(2, 0, 1))

    weights = chosen_weights(request, Store(Path("unused")))
    pictures = Pictures(
        planes,
        lambda path: digest(Path(path).read_bytes()),
        lambda model, path: model.features(path),
    )
    return adapter(request.card).ready(request, weights, pictures, seed=0).score


def theirs(name: str) -> Score:
    """pyiqa's metric, called with a path as its users do."""
    request = resolve(registry(), [f"pyiqa-{name}"], [], Choices())[0]
    metric = request.build().model.eval()
    return lambda path: float(metric(path))


def timed(score: Score, path: str) -> tuple[float, float]:
    """A picture's score, and the seconds it took."""
    start = time.perf_counter()
    found = score(path)
    return found, time.perf_counter() - start


def compare(name: str, paths: list[str]) -> None:
    """Print the seconds of every picture and the median ratios of one model."""
    sides = {"pyiqa": theirs(name), "fp32": ours(name, "fp32"), "bf16": ours(name, "bf16")}
    for score in sides.values():
        score(paths[0])  # the first call sets things up
    ratios: dict[str, list[float]] = {"fp32": [], "bf16": []}
    for path in paths:
        found = {side: timed(score, path) for side, score in sides.items()}
        for side, values in ratios.items():
            values.append(found["pyiqa"][1] / found[side][1])
        print(
            f"{name}  " + "  ".join(f"{side} {took:.2f} s" for side, (_, took) in found.items()),
            f" scores {', '.join(f'{score:.4f}' for score, _ in found.values())}",
            flush=True,
        )
    for side, values in ratios.items():
        tell(
            Measurement(
                f"{name} in {side} beside pyiqa's API in fp32, {torch.get_num_threads()} threads",
                statistics.median(values),
                "times as fast",
                len(paths),
            )
        )


def main() -> None:
    """Make pictures and weights, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=5)
    parser.add_argument("--models", default="hyperiqa,dbcnn")
    asked = parser.parse_args()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["IQABENCH_WEIGHTS"] = place
        paths = [str(folder / f"{number}.png") for number in range(asked.pictures)]
        for path in paths:
            Image.fromarray(random.integers(0, 256, (*SIZE, 3), dtype=np.uint8)).save(path)
        for name in asked.models.split(","):
            publish(name, folder)
            compare(name, paths)


if __name__ == "__main__":
    main()
