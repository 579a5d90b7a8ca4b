"""Pictures per second of BRISQUE, NIQE and PIQE beside pyiqa's API with the same parameters.

    python benchmarks/nss_speed.py [--pictures 200] [--threads 1]

The two take turns picture by picture in one process, so that a machine whose speed drifts does so
for both. The limit: each at least 3 times as fast as pyiqa. Parameters are made up: they change no
cost. pyiqa computes in `--threads` threads; ours, apart from the luma, in one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyiqa
import torch
from measurement import Measurement, tell
from scipy.io import savemat
from skimage import data
from torch import Tensor

from iqabench_nss.brisque import Brisque
from iqabench_nss.niqe import Niqe
from iqabench_nss.options import NiqeOptions
from iqabench_nss.piqe import Piqe

LIMIT = 3.0
HEIGHT, WIDTH = 384, 512
SUPPORT_VECTORS = 774  # as many as the published BRISQUE has

Score = Callable[[Tensor], object]
BENCHMARK = {
    "title": "BRISQUE, NIQE and PIQE",
    "aims": ["each at least 3 times as fast as pyiqa's, on pictures of 512x384"],
    "quick": ["--pictures", "40"],
    "full": ["--pictures", "200"],
    "tiny": ["--pictures", "1"],
}


def pairs(folder: Path) -> dict[str, tuple[Score, Score]]:
    """Ours and pyiqa's, by name."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(80, 36))
    gaussian = {"mu_prisparam": rows.mean(0)[None], "cov_prisparam": np.cov(rows.T)}
    savemat(folder / "niqe.mat", gaussian)
    niqe = Niqe(NiqeOptions())
    niqe.load_state(gaussian)

    vectors = random.uniform(-1, 1, (SUPPORT_VECTORS, 36))
    coefficients = random.normal(size=SUPPORT_VECTORS)
    tensors = torch.from_numpy(coefficients).float(), torch.from_numpy(vectors).float()
    torch.save(tensors, folder / "brisque.pth")
    brisque = Brisque()
    brisque.load_state(
        {
            "feature_low": np.zeros(36),
            "feature_high": np.ones(36),
            "support_vectors": vectors,
            "dual_coefficients": coefficients,
            "intercept": np.zeros(1),
            "gamma": np.full(1, 0.05),
        }
    )

    def theirs(name: str, **options: object) -> Score:
        score: Score = pyiqa.create_metric(name, device="cpu", **options)
        return score

    return {
        "brisque": (
            lambda images: brisque.predict(brisque.features(images)),
            theirs("brisque", pretrained_model_path=str(folder / "brisque.pth")),
        ),
        "niqe": (
            lambda images: niqe.predict(niqe.features(images)),
            theirs("niqe", pretrained_model_path=str(folder / "niqe.mat")),
        ),
        "piqe": (Piqe().score, theirs("piqe")),
    }


def pictures(count: int) -> Iterator[Tensor]:
    """Windows of a photograph under a little noise, (1, 3, 384, 512)."""
    photo = data.coffee()
    random = np.random.default_rng(0)
    for _ in range(count):
        top = random.integers(photo.shape[0] - HEIGHT + 1)
        left = random.integers(photo.shape[1] - WIDTH + 1)
        window = photo[top : top + HEIGHT, left : left + WIDTH]
        noisy = np.clip(window + random.normal(0, 4, window.shape), 0, 255).round()
        yield torch.from_numpy(noisy).permute(2, 0, 1)[None].float() / 255


def seconds(score: Score, images: Tensor) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    score(images)
    return time.perf_counter() - start


def main() -> None:
    """Print images per second of both and the median ratio of their times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        measures = pairs(Path(folder))
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in measures}
    for number, images in enumerate(pictures(asked.pictures + 1)):
        for name, (ours, theirs) in measures.items():
            taken = seconds(ours, images), seconds(theirs, images)
            if number:  # the first warms up
                times[name].append(taken)
    for name, found in times.items():
        ours, theirs = (len(found) / sum(column) for column in zip(*found, strict=True))
        tell(
            Measurement(
                f"{name} beside pyiqa's",
                statistics.median(b / a for a, b in found),
                "times as fast",
                asked.pictures,
                LIMIT,
                higher=True,
                ours=f"{ours:.1f} pictures/s",
                theirs=f"{theirs:.1f} pictures/s",
            )
        )
    print(f"{asked.pictures} pictures of {WIDTH}x{HEIGHT}, pyiqa in {asked.threads} threads")


if __name__ == "__main__":
    main()
