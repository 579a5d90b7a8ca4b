"""How long `iqabench --help` and `iqabench models` take, beside `pyiqa --help`; taking turns.

python benchmarks/startup.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measurement import Measurement, tell

COMMANDS = ("iqabench --help", "iqabench models", "pyiqa --help")
BENCHMARK = {
    "title": "Start of the program",
    "quick": ["--rounds", "5"],
    "full": ["--rounds", "5"],
    "tiny": ["--rounds", "1"],
}


def seconds(command: str) -> float:
    """Wall time of a command found beside this interpreter."""
    name, *arguments = command.split()
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or name
    start = time.perf_counter()
    subprocess.run([program, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Tell how many times as fast each command is as the last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {command: [] for command in COMMANDS}
    for turn in range(rounds + 1):
        for command in COMMANDS:
            elapsed = seconds(command)
            if turn:  # the first turn warms the file cache
                times[command].append(elapsed)
    slowest = times[COMMANDS[-1]]
    for command in COMMANDS[:-1]:
        ratios = [late / soon for late, soon in zip(slowest, times[command], strict=True)]
        tell(
            Measurement(
                f"`{command}` beside `{COMMANDS[-1]}`",
                statistics.median(ratios),
                "times as fast",
                rounds,
                ours=f"{statistics.median(times[command]):.2f} s",
                theirs=f"{statistics.median(slowest):.2f} s",
            )
        )


if __name__ == "__main__":
    main()
