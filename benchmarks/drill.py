"""Kills a run at random moments, goes on, and compares the leaderboard with an undisturbed one.

    python benchmarks/drill.py [--kills 50] [--seed 0] [--args "--jobs 2"]

A run of a network and an estimator of tests/toy_plugin.py on a small set is cut off by SIGKILL or
SIGINT, in turn, after a random part of the time that it takes. Moments are counted by what was
being made: fits, predictions or caches. Then the run is repeated until it ends; each round starts
without store and cache. The leaderboard must equal the undisturbed one byte for byte, timing
columns apart. Then two processes run one plan at once; the owner of a job's lock is killed while
another waits; the disk is full (a limit on the size of files); and the store is read-only. --args
go to every drilled run, so that executors can be drilled, too.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

TOYS = Path(__file__).resolve().parent.parent / "tests" / "toy_plugin.py"
TIMING = {"seconds_per_image", "timed_on"}
"""Columns of the leaderboard that differ from run to run."""


BENCHMARK = {
    "title": "A run that is killed, resumed, and shared",
    "aims": ["50 kills at random moments: the leaderboard is the undisturbed one, byte for byte"],
    "quick": None,
    "full": ["--kills", "50"],
}


class DrillError(Exception):
    """A run lost something, or did not end."""


@dataclass(frozen=True)
class Drill:
    """Where a drill works, and what it runs."""

    folder: Path
    more: tuple[str, ...] = ()

    @property
    def store(self) -> Path:
        """The store of the drilled run."""
        return self.folder / "store"

    def command(self, *words: str) -> list[str]:
        """A command line of the program."""
        places = ["--store", str(self.store), "--plugin", str(TOYS)]
        return [sys.executable, "-m", "iqabench", *words, *places]

    def run(self) -> list[str]:
        """The command line that is drilled."""
        words = ["--models", "toy-network,toy-estimator", "--datasets", "little", "--seeds", "2"]
        catalog = ["--catalog", str(self.folder / "catalog.yaml"), "--device", "cpu"]
        return self.command("run", *words, *catalog, *self.more)

    def environment(self) -> dict[str, str]:
        """Private caches, so that those are drilled too."""
        return {**os.environ, "IQABENCH_CACHE": str(self.folder / "cache"), "OMP_NUM_THREADS": "1"}

    def start(self, **more: object) -> subprocess.Popen[str]:
        """Begin the drilled run."""
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
            self.run(), text=True, env=self.environment(), **pipes, **more
        )

    def finish(self) -> None:
        """Run until the plan is made.

        Raises:
            DrillError: a run without disturbance fails.
        """
        child = self.start()
        _, said = child.communicate()
        if child.returncode:
            raise DrillError(f"a resumed run ended with {child.returncode}: {said}")

    def board(self) -> str:
        """The leaderboard as CSV, without timing columns."""
        words = self.command("leaderboard", "--format", "csv", "--quiet")
        done = subprocess.run(
            words, capture_output=True, text=True, env=self.environment(), check=True
        )
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        kept = [{key: row[key] for key in row if key not in TIMING} for row in rows]
        return "\n".join(map(str, kept))

    def clear(self) -> None:
        """Remove store and caches."""
        for name in ("store", "cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)


def little(folder: Path) -> None:
    """Write a data set of 6 contents at 3 levels, and its catalogue."""
    chance = np.random.default_rng(0)
    root = folder / "little"
    root.mkdir(parents=True)
    lines = ["file,score,scene"]
    for content in range(6):
        flat = chance.integers(60, 200, (8, 8, 3)).repeat(8, 0).repeat(8, 1)
        for level in range(3):
            noisy = flat + chance.normal(0, 1 + 20 * level, flat.shape)
            name = f"c{content}_{level}.png"
            Image.fromarray(noisy.clip(0, 255).astype("uint8")).save(root / name)
            lines.append(f"{name},{5 - level + chance.normal(0, 0.1):.3f},scene {content}")
    (root / "scores.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "catalog.yaml").write_text(
        f"datasets:\n  little:\n    reader: csv\n    root: {root}\n    labels: scores.csv\n"
        "    columns: {image: file, mos: score, content: scene}\n",
        encoding="utf-8",
    )


def stage(drill: Drill) -> str:
    """What a cut-off run was at: the newest thing that it left."""
    if not (drill.store / "jobs").is_dir():
        return "cache" if (drill.folder / "cache").is_dir() else "start"
    partial = sorted((drill.store / "jobs").glob("*.partial"))
    if not partial:
        return "between jobs"
    left = {path.name for path in partial[-1].rglob("*")}
    if any(name.endswith(".part") for name in left):
        return "write"
    return "fit" if any(name.startswith("stage-") for name in left) else "job, lock held"


def killed(drill: Drill, number: signal.Signals, seconds: float) -> str:
    """Cut off a run after some seconds; returns what it was at.

    Raises:
        DrillError: an interrupted run shows a traceback, or ends with another code than 130.
    """
    child = drill.start()
    try:
        _, said = child.communicate(timeout=seconds)
        return "ended before"
    except subprocess.TimeoutExpired:
        child.send_signal(number)
        _, said = child.communicate()
    told = said.strip().splitlines()
    # Python itself dies of a signal that comes after the program's end.
    ended = child.returncode == -signal.SIGINT and "results in" in told[-1]
    if number == signal.SIGINT and child.returncode not in (0, 130) and not ended:
        raise DrillError(f"an interrupted run ended with {child.returncode}: {said}")
    if "Traceback" in said:
        raise DrillError(f"an interrupted run shows a traceback: {told[-1]}")
    return stage(drill)


def kills(
    drill: Drill, number: int, chance: random.Random, say: Callable[[str], None]
) -> Counter[str]:
    """Cut off so many runs and resume each; returns how often each kind of moment was met.

    Raises:
        DrillError: a leaderboard differs from the undisturbed one.
    """
    drill.clear()
    began = time.perf_counter()
    drill.finish()
    whole, seconds = drill.board(), time.perf_counter() - began
    met: Counter[str] = Counter()
    for round_ in range(number):
        drill.clear()
        which = (signal.SIGKILL, signal.SIGINT)[round_ % 2]
        moment = chance.uniform(0.05, 1) * seconds
        where = killed(drill, which, moment)
        drill.finish()
        if drill.board() != whole:
            raise DrillError(f"round {round_}: {which.name} after {moment:.2f} s ({where})")
        left = [path for path in drill.store.rglob("*.part*") if path.name != "partial"]
        met[f"{which.name} {where}"] += 1
        say(f"{round_ + 1}/{number}: {which.name} after {moment:.2f} s, {where}; {len(left)} left")
    return met


def together(drill: Drill) -> None:
    """Two processes on one plan, of which one is killed at work, while it holds a lock.

    Raises:
        DrillError: one fails, or the leaderboards differ.
    """
    whole = drill.board()
    for kill in (False, True):
        drill.clear()
        first, second = drill.start(), drill.start()
        if kill:
            while not list((drill.store / "jobs").glob("*.partial")) and first.poll() is None:
                time.sleep(0.02)
            first.kill()
        codes = [first.wait(), second.wait()]
        for child in (first, second):
            child.stderr.close()  # type: ignore[union-attr]
        if codes[1] or (codes[0] and not kill) or drill.board() != whole:
            raise DrillError(f"two processes on one plan, killed={kill}: {codes}")


def full_disk(drill: Drill, sizes: Sequence[int]) -> None:
    """Runs that may not write files beyond a size are one line or failed jobs, and go on later.

    Raises:
        DrillError: a traceback is shown, another code returned, or something lost.
    """
    whole = drill.board()
    for size in sizes:
        drill.clear()

        def limit(size: int = size) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        child = drill.start(preexec_fn=limit)
        _, said = child.communicate()
        if "Traceback" in said or child.returncode not in (0, 1, 2):
            raise DrillError(f"files up to {size} bytes: code {child.returncode}: {said}")
        drill.finish()
        if drill.board() != whole:
            raise DrillError(f"files up to {size} bytes: the leaderboard differs after the resume")


def read_only(drill: Drill) -> str:
    """A store that cannot be written is one line; returns what was said.

    Raises:
        DrillError: it is not.
    """
    if os.geteuid() == 0:
        return "root may write anywhere: not tried"
    for path in (drill.store, *drill.store.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        child = drill.start()
        _, said = child.communicate()
    finally:
        for path in (drill.store, *drill.store.rglob("*")):
            path.chmod(path.stat().st_mode | 0o200)
    if "Traceback" in said or child.returncode not in (0, 2):
        raise DrillError(f"read-only store: code {child.returncode}: {said}")
    return said.strip().splitlines()[-1]


def main() -> None:
    """Run all drills."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--args", default="", help="more options of every drilled run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drill = Drill(Path(folder), tuple(shlex.split(asked.args)))
        little(drill.folder)
        met = kills(
            drill,
            asked.kills,
            random.Random(asked.seed),
            lambda line: print(line, file=sys.stderr, flush=True),
        )
        for where, times in sorted(met.items()):
            print(f"{times:3} times: {where}")
        together(drill)
        print("two processes on one plan, one killed while it held a lock: met")
        full_disk(drill, (100, 1000, 4000, 20_000))
        print("full disk at four sizes, each resumed: met")
        print(f"read-only store: {read_only(drill)}")


if __name__ == "__main__":
    main()
