"""Training steps of biosiqnet-lite with memory in huge pages and in small ones, taking turns.

    python benchmarks/huge_pages.py [--rounds 5] [--steps 8]

Every turn is a process of its own, since torch reads the setting once. Weights are random: they
change no cost.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys

from measurement import Measurement, tell

from iqabench.kit.processors import MEMORY

BENCHMARK = {
    "title": "Memory in huge pages",
    "quick": ["--rounds", "5"],
    "full": ["--rounds", "5"],
    "tiny": ["--rounds", "1", "--steps", "2", "--side", "64"],
}
PROGRAM = """
import sys, time
import iqabench
import torch
from iqabench.contract import Batch
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry

steps, side = map(int, sys.argv[1:])
network = resolve(registry(), ["biosiqnet-lite"], [], Choices(init="random"))[0].build().train()
network = network.to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-5)
images = torch.rand(8, 3, side, side).contiguous(memory_format=torch.channels_last)
batch = Batch(images, torch.rand(8), torch.rand(8, 1, side, side), torch.arange(8))
for step in range(steps + 1):
    if step == 1:  # the first one warms up
        start = time.perf_counter()
    optimizer.zero_grad()
    sum(network.losses(batch).values()).backward()
    optimizer.step()
print((time.perf_counter() - start) / steps)
"""


def seconds(steps: int, side: int, enabled: bool) -> float:
    """Wall time of a step."""
    setting = {name: value if enabled else "0" for name, value in MEMORY.items()}
    command = [sys.executable, "-c", PROGRAM, str(steps), str(side)]
    done = subprocess.run(
        command, env={**os.environ, **setting}, check=True, capture_output=True, text=True
    )
    return float(done.stdout)


def main() -> None:
    """Tell how many times as fast a step is with huge pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--side", type=int, default=224)
    given = parser.parse_args()
    pairs = [
        [seconds(given.steps, given.side, enabled) for enabled in (True, False)]
        for _ in range(given.rounds)
    ]
    huge, small = (statistics.median(times) for times in zip(*pairs, strict=True))
    tell(
        Measurement(
            "a step with huge pages, beside one with small pages",
            statistics.median(late / soon for soon, late in pairs),
            "times as fast",
            given.rounds,
            ours=f"{huge:.3f} s",
            theirs=f"{small:.3f} s",
        )
    )


if __name__ == "__main__":
    main()
