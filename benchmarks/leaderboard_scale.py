"""How the time of a leaderboard grows with the number of stored predictions.

    python benchmarks/leaderboard_scale.py [--predictions 100000 1000000 10000000]
    python benchmarks/leaderboard_scale.py --study

Each store is written through the store's own functions into a temporary folder, which is removed at
the end: models of 10 seeds each, whose jobs score the 10,000 pictures of one set (100 contents),
one model for every 100,000 predictions. Cold computes every statistic and interval from them; warm,
in a process of its own, finds them in the store's cache. The limit is 10 s for the warm one, and
proportion for the cold one. Times are of the clock and, in brackets, of the processor, which other
work on the machine does not lengthen; limits are on the latter.

--study is what one paper compares, 12 models on 4 sets the size of LIVE, CSIQ, TID2013 and
KADID-10k, 10 seeds, a fifth of the contents tested in each: leaderboard and all paired differences,
cold; the limit is 60 s.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from measurement import Measurement, tell

from iqabench.api.results import Results
from iqabench.api.session import Session
from iqabench.store import Store
from iqabench.store.fingerprints import digest
from iqabench.store.folder import PREDICTIONS
from iqabench.store.records import (
    Code,
    EvaluationRecord,
    JobRecord,
    ModelIdentity,
    PredictIdentity,
    TestProtocol,
)

SEEDS = 10
WARM_LIMIT, STUDY_LIMIT = 10.0, 60.0
STUDY = {"live": (779, 29), "csiq": (866, 30), "tid2013": (3000, 25), "kadid": (10_125, 81)}
WARM = """
import sys, time
from iqabench.api.results import Results
from iqabench.api.session import Session
start, busy = time.perf_counter(), time.process_time()
Results(Session(store=sys.argv[1])).leaderboard()
print(time.perf_counter() - start, time.process_time() - busy)
"""
BENCHMARK = {
    "title": "Leaderboard of many predictions",
    "aims": ["warm under 10 s; cold in proportion to the number of predictions"],
    "quick": ["--predictions", "100000", "1000000"],
    "full": [],
    "tiny": ["--predictions", "100000"],
}


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and of the processor."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processor:.1f} s)"


def spent(work: Callable[[], object]) -> Spent:
    """What a piece of work takes."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)


def labels(store: Store, name: str, images: int, contents: int) -> pd.DataFrame:
    """Keep a set's table, and return it."""
    table = pd.DataFrame(
        {
            "image": [f"I{number:05d}.png" for number in range(images)],
            "content": [f"c{number * contents // images:03d}" for number in range(images)],
            "quality": np.random.default_rng(0).uniform(1, 5, images).round(2),
        }
    )
    store.save_table(name, digest({"set": name}), table)
    return table


def add(store: Store, model: str, dataset: str, table: pd.DataFrame, share: float) -> None:
    """Store a model's jobs, one for each seed, that test a share of the contents."""
    key = int.from_bytes(hashlib.blake2b(f"{model} {dataset}".encode(), digest_size=4).digest())
    names = sorted(set(table["content"]))
    for seed in range(SEEDS):
        drawn = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
        chosen = sorted(drawn.tolist()) if share < 1 else None
        part = table if chosen is None else table[table["content"].isin(chosen)]
        noise = np.random.default_rng([key, seed]).normal(0, 0.8, len(part))
        job = _job(model, dataset, seed, chosen)
        with store.writing(job.identity.fingerprint) as folder:
            pd.DataFrame(
                {"image": part["image"], "prediction": part["quality"] + noise, "error": None}
            ).to_parquet(folder / PREDICTIONS, index=False)
            store.finish(job)
        store.save_evaluation(
            EvaluationRecord(
                label=model,
                model=model,
                config=digest({"model": model}),
                init="default",
                weights="train",
                direction="higher",
                protocol=TestProtocol(kind="hold-out" if chosen else "cross"),
                train=dataset if chosen else "elsewhere",
                test=dataset,
                test_hash=digest({"set": dataset}),
                labels="human",
                seed=seed,
                contents=chosen,
                selection="validation",
                predict=job.identity.fingerprint,
                shared=(),
            )
        )


def _job(model: str, dataset: str, seed: int, contents: list[str] | None) -> JobRecord:
    """The record of a predict job that somebody might have made."""
    identity = PredictIdentity(
        model=ModelIdentity(
            model=model,
            code=Code(package="made_up"),
            weights="train",
            precision="fp32",
            device="cpu",
        ),
        dataset=dataset,
        data=digest({"set": dataset}),
        contents=contents,
        seed=seed,
    )
    return JobRecord(identity=identity, title=model, status="done", began="2026", seconds=1.0)


def warm(store: Store) -> Spent:
    """A leaderboard whose statistics are kept, in a new process."""
    command = [sys.executable, "-c", WARM, str(store.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Spent(*map(float, done.stdout.split()))


def growth(sizes: Sequence[int]) -> None:
    """Print one line for each number of predictions."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            store = Store(Path(folder))
            store.prepare()
            table = labels(store, "set", 10_000, 100)
            models = max(1, size // (SEEDS * len(table)))
            for number in range(models):
                add(store, f"model-{number:03d}", "set", table, share=1)
                print(f"\r{number + 1} of {models} models stored", end="", file=sys.stderr)
            print(file=sys.stderr)
            results = Results(Session(store=store.root))
            first, again = spent(results.leaderboard), warm(store)
        rows = models * SEEDS * len(table)
        what = f"leaderboard of {rows} predictions"
        tell(
            Measurement(f"{what}, cold, time of the processor", first.processor, "s", 1),
            Measurement(f"{what}, warm", again.processor, "s", 1, WARM_LIMIT),
        )


def study() -> None:
    """Print the time of the leaderboard and of the differences."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.prepare()
        for name, (images, contents) in STUDY.items():
            table = labels(store, name, images, contents)
            for model in range(12):
                add(store, f"model-{model:02d}", name, table, share=0.2)
            print(f"{name} stored", file=sys.stderr)
        results = Results(Session(store=store.root))
        board, pairs = spent(results.leaderboard), spent(results.differences)
    both = board.processor + pairs.processor
    print(f"leaderboard {board}, 4 x 66 differences {pairs}")
    what = f"12 models, 4 sets, {SEEDS} seeds: leaderboard and 4 x 66 differences, cold"
    tell(Measurement(what, both, "s", 1, STUDY_LIMIT))


def main() -> None:
    """Measure growth, or the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictions", type=int, nargs="+", default=[10**5, 10**6, 10**7])
    parser.add_argument("--study", action="store_true")
    asked = parser.parse_args()
    if asked.study:
        study()
    else:
        growth(asked.predictions)


if __name__ == "__main__":
    main()
