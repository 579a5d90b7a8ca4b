"""What commands cost on a store of many jobs whose plan is finished.

    python benchmarks/store_scale.py [--jobs 1000 10000 100000] [--sets 1] [--keep FOLDER]

Each store is that of ``iqabench run --models brisque --datasets set-0,... --seeds N``: half of its
jobs are fits and half are predictions of 40 pictures each. It is written through the store's own
functions, with made-up scores. ``--sets 1`` makes one row of many repetitions; ``--sets 50`` makes
50 rows of few. Every command runs in a process of its own. Cold means without STORE/cache, warm is
the same command again. What does not grow with the store, hashes of the pictures and the audit of
their contents, is there beforehand. The figures are seconds of the processor, of the clock and
the peak of memory; limits are on the processor and the memory, and for 10,000 jobs. ``run`` answers
that the store holds every job, then makes the leaderboard: ``run answers`` is the first part, and
``run`` is both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

import iqabench
from iqabench.engine.execute import keep
from iqabench.engine.titles import title
from iqabench.protocols.leakage import audited
from iqabench.protocols.plan import FitJob
from iqabench.store.folder import PREDICTIONS
from iqabench.store.records import JobRecord

CONTENTS, LEVELS = 50, 4
ROUNDS = 5
"""Runs of each warm command, of which the one in the middle is told."""
LIMITED = 10_000
ANSWER = b"nothing to make"
"""What ``run`` says when it knows that every job of the plan is done."""
LIMITS = {
    ("run answers", "cold"): (20.0, 300.0),
    ("run answers", "warm"): (2.0, 300.0),
    ("leaderboard", "cold"): (60.0, None),
}
"""What is measured, and in which state -> seconds of the processor and MB at 10,000 jobs."""


BENCHMARK = {
    "title": "Many jobs in one store",
    "aims": [
        "10,000 jobs, until a finished plan says so: under 2 s warm, 20 s cold, 300 MB",
        "10,000 jobs, the leaderboard cold: under 60 s of processor time",
    ],
    "quick": ["--jobs", "1000"],
    "full": ["--jobs", "1000", "10000"],
}


def pictures(root: Path, sets: int) -> Path:
    """Write data sets of one folder of pictures; returns their catalogue."""
    random = np.random.default_rng(0)
    root.mkdir(parents=True)
    versions = [(content, level) for content in range(CONTENTS) for level in range(LEVELS)]
    names = [f"c{content:02d}_{level}.png" for content, level in versions]
    for name in names:
        Image.fromarray(random.integers(0, 255, (32, 32, 3), dtype=np.uint8)).save(root / name)
    lines = ["datasets:"]
    for number in range(sets):
        labels = pd.DataFrame({"file": names, "score": random.uniform(1, 5, len(names)).round(3)})
        labels["scene"] = labels["file"].str[:3]
        labels.to_csv(root / f"scores-{number}.csv", index=False)
        lines += [f"  set-{number}:", "    reader: csv", f"    root: {root}"]
        lines += [f"    labels: scores-{number}.csv"]
        lines += ["    columns: {image: file, mos: score, content: scene}"]
    catalog = root.parent / "catalog.yaml"
    catalog.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return catalog


def fill(catalog: Path, store: Path, names: Sequence[str], seeds: int) -> None:
    """Store every job of the plan as if it had been made."""
    session = iqabench.Session(catalog, store=store)
    made = iqabench.plan("brisque", list(names), seeds=seeds, session=session)
    made = audited(made, session.store, session.dataset, session.audit)
    session.store.prepare()
    keep(made.evaluations, session.store)
    random = np.random.default_rng(0)
    for evaluation in made.evaluations:
        session.store.save_evaluation(evaluation.record())
    for number, job in enumerate(made.jobs, 1):
        with session.store.writing(job.fingerprint) as folder:
            if not isinstance(job, FitJob):
                rows = job.dataset.rows_of(list(job.contents or ()))
                scores = rows["quality"] + random.normal(0, 0.8, len(rows))
                frame = pd.DataFrame({"image": rows["image"], "prediction": scores})
                frame.assign(error=None, notes="").to_parquet(folder / PREDICTIONS, index=False)
            record = JobRecord(
                identity=job.identity,
                title=title(job),
                status="done",
                began=f"2026-01-01T00:00:00.{number:06d}+00:00",
                seconds=1.0,
                images=job.images,
            )
            session.store.finish(record)
        if number % 1000 == 0:
            print(f"{number} of {len(made.jobs)} jobs stored", file=sys.stderr)


@contextmanager
def place(kept: Path | None) -> Iterator[Path]:
    """The folder of everything, temporary unless one is named."""
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@dataclass(frozen=True, order=True)
class Used:
    """What a process has taken so far; more time of the processor is more."""

    processor: float
    """Seconds."""
    wall: float
    """Seconds of the clock."""
    memory: float
    """The peak, in MB."""

    def __str__(self) -> str:
        return f"{self.processor:.1f} s of the processor, {self.wall:.1f} s, {self.memory:.0f} MB"


def measured(words: Sequence[str]) -> tuple[Used, Used | None]:
    """What a command takes in all, and until it says :data:`ANSWER`; None where it does not.

    Raises:
        RuntimeError: the command fails.
    """
    start = time.perf_counter()
    command = [sys.executable, "-m", "iqabench", *words]
    with tempfile.NamedTemporaryFile() as said:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
        answer, peak, ended = None, 0.0, 0
        while not ended:
            # Not ``ru_maxrss``, which begins with the memory of this process.
            peak = _peak(child.pid) or peak
            if answer is None and ANSWER in Path(said.name).read_bytes():
                answer = Used(_processor(child.pid), time.perf_counter() - start, peak)
            time.sleep(0.02)
            ended, status, used = os.wait4(child.pid, os.WNOHANG)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{' '.join(command)}: {Path(said.name).read_text()[-2000:]}")
    wall = time.perf_counter() - start
    return Used(used.ru_utime + used.ru_stime, wall, peak), answer


def _processor(process: int) -> float:
    """Seconds of the processor that a process has taken so far, as Linux tells them."""
    words = Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: int) -> float:
    """The most memory in MB that a process has had so far; 0 if it has ended."""
    for line in Path("/proc", str(process), "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def told(jobs: int, sets: int, what: str, state: str, used: Used) -> None:
    """Print what was used, and the limit if there is one."""
    limit, most = LIMITS.get((what, state), (None, None))
    verdict = ""
    if jobs == LIMITED and limit is not None:
        met = used.processor <= limit and (most is None or used.memory <= most)
        verdict = f"; limit {limit:.0f} s{f', {most:.0f} MB' if most else ''}: "
        verdict += "met" if met else "MISSED"
    print(f"{jobs:6} jobs, {sets} sets, {what} {state}: {used}{verdict}", flush=True)


def measure(jobs: int, sets: int, folder: Path) -> None:
    """Print a line for every command."""
    names = [f"set-{number}" for number in range(sets)]
    seeds = jobs // (2 * sets)
    catalog, store = folder / "catalog.yaml", folder / f"store-{jobs}-{sets}"
    if not catalog.exists():
        pictures(folder / "pictures", sets)
    if not store.exists():
        fill(catalog, store, names, seeds)
    asked = ["--models", "brisque", "--datasets", ",".join(names), "--seeds", str(seeds)]
    run = ["run", *asked, "--catalog", str(catalog), "--device", "cpu"]
    commands = {
        "run": run,
        "run --dry-run": [*run, "--dry-run"],
        "leaderboard": ["leaderboard"],
        "show": ["show"],
    }
    for name, words in commands.items():
        for kept in (store / "cache").glob("*"):
            kept.unlink()
        for state, rounds in (("cold", 1), ("warm", ROUNDS)):
            found = [measured([*words, "--store", str(store)]) for _ in range(rounds)]
            answers = [answer for _, answer in found if answer is not None]
            if answers:
                told(jobs, sets, f"{name} answers", state, statistics.median_low(answers))
            told(jobs, sets, name, state, statistics.median_low([whole for whole, _ in found]))


def main() -> None:
    """Measure stores of all sizes asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--sets", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the stores in this folder, and use them")
    asked = parser.parse_args()
    with place(asked.keep) as folder:
        os.environ["IQABENCH_CACHE"] = str(folder / "cache")
        for jobs in asked.jobs:
            measure(jobs, asked.sets, folder)


if __name__ == "__main__":
    main()
