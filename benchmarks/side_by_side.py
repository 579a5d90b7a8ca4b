"""Runs equal programs alone and side by side, and prints how much longer each takes.

Each is an `iqabench run` that trains biosiqnet-lite on one fold of the built-in set, in a process
and a store of its own. Two on two processors should take at most 2.3 times as long as one alone:
threads that spin while they wait made that 4 to 15 times. Alone and together are interleaved; the
figures are medians.

    python benchmarks/side_by_side.py --together 2 --rounds 5
    python benchmarks/side_by_side.py --spin     # as it was: threads that wait actively
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from precision import one_fold

from iqabench.kit.processors import WAITING, allowance

SPINNING = {
    "OMP_WAIT_POLICY": "ACTIVE",
    "GOMP_SPINCOUNT": "300000",
    "OPENBLAS_THREAD_TIMEOUT": "26",
}
"""The settings of libraries that nobody has told to wait passively."""


BENCHMARK = {
    "title": "Two equal runs side by side on two cores",
    "aims": ["each at most 2.3 times as long as one alone"],
    "quick": ["--rounds", "1"],
    "full": [],
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--together", type=int, default=2, help="programs side by side")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--spin", action="store_true", help="let waiting threads spin")
    asked = parser.parse_args()
    print(f"processors: {allowance().text}; load {os.getloadavg()[0]:.1f}", flush=True)
    alone, side = [], []
    with tempfile.TemporaryDirectory() as place:
        split = Path(place) / "fold.json"
        one_fold(split)
        _seconds(1, asked, split)  # fills the caches
        for number in range(1, asked.rounds + 1):
            alone += _seconds(1, asked, split)
            side.append(max(_seconds(asked.together, asked, split)))
            print(
                f"round {number}: alone {alone[-1]:.1f} s, the slowest of several {side[-1]:.1f} s",
                flush=True,
            )
    ratio = statistics.median(side) / statistics.median(alone)
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = cpu.ru_utime + cpu.ru_stime
    print(
        f"{asked.together} side by side take {ratio:.2f}x of one alone; {spent:.0f} s of CPU in all"
    )


def _seconds(programs: int, asked: argparse.Namespace, split: Path) -> list[float]:
    """The time of each of so many equal programs that start together."""
    environment = {name: value for name, value in os.environ.items() if name not in WAITING}
    environment |= SPINNING if asked.spin else {}
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        going = [
            subprocess.Popen(
                _words(Path(folder) / str(number), asked.epochs, split),
                env=environment,
                stderr=subprocess.DEVNULL,
            )
            for number in range(programs)
        ]
        found: dict[int, float] = {}
        while len(found) < programs:
            for number, program in enumerate(going):
                if number not in found and program.poll() is not None:
                    if program.returncode:
                        raise SystemExit(f"a run ended with exit code {program.returncode}")
                    found[number] = time.perf_counter() - began
            time.sleep(0.02)
    return list(found.values())


def _words(store: Path, epochs: int, split: Path) -> list[str]:
    lite = "biosiqnet-lite"
    return [
        *(sys.executable, "-m", "iqabench", "run", "--models", lite, "--datasets", "demo"),
        *("--init", "random", "--split", str(split), "--device", "cpu", "--quiet"),
        *("--set", f"{lite}.recipe.epochs={epochs}", "--store", str(store)),
        *("-o", str(store.with_suffix(".csv"))),
    ]


if __name__ == "__main__":
    main()
