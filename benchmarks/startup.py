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

COMMANDS = ("iqabench --help", "iqabench models", "pyiqa --help")


def seconds(command: str) -> float:
    """Wall time of a command found beside this interpreter."""
    name, *arguments = command.split()
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or name
    start = time.perf_counter()
    subprocess.run([program, *arguments], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the median of every command and its ratio to the last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {command: [] for command in COMMANDS}
    for turn in range(rounds + 1):
        for command in COMMANDS:
            elapsed = seconds(command)
            if turn:  # the first turn warms the file cache
                times[command].append(elapsed)
    slowest = statistics.median(times[COMMANDS[-1]])
    for command, found in times.items():
        median = statistics.median(found)
        print(f"{command:18} {median:.2f} s, {slowest / median:.1f} times faster than the last")


if __name__ == "__main__":
    main()
