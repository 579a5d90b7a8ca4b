"""Peak memory of PIQE, BRISQUE and NIQE on one large picture, each in a process of its own.

    python benchmarks/nss_memory.py [--side 10000] [--models piqe,brisque,niqe]

Printed are the process's peak, and what the model added to the picture itself, which the engine
hands over as float32: 12 bytes a pixel. Noise of fixed seed, since its content changes no memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

MODELS = ("piqe", "brisque", "niqe")


BENCHMARK = {
    "title": "Memory of the classics on a picture of 10,000 x 10,000",
    "quick": [],
    "full": [],
}


def measure(name: str, side: int) -> None:
    """Score one picture; print the peaks before and after, in bytes, and the seconds."""
    import torch

    from iqabench_nss.brisque import Brisque
    from iqabench_nss.niqe import Niqe
    from iqabench_nss.options import NiqeOptions
    from iqabench_nss.piqe import Piqe

    torch.set_num_threads(1)
    work = {
        "piqe": lambda images: Piqe().score(images),
        "brisque": lambda images: Brisque().features(images),
        "niqe": lambda images: Niqe(NiqeOptions()).features(images),
    }[name]
    work(torch.rand(1, 3, 256, 256))  # what the first call imports
    images = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    before, start = peak(), time.process_time()
    work(images)
    print(json.dumps([before, peak(), time.process_time() - start]))


def peak() -> int:
    """The most bytes that this process had in memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Measure each model, or one of them where this is the process to do it in."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=10_000)
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        measure(asked.models, asked.side)
        return
    for name in asked.models.split(","):
        command = [sys.executable, __file__, "--here", "--models", name, "--side", str(asked.side)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        before, after, seconds = json.loads(done.stdout)
        print(
            f"{name}: {asked.side}x{asked.side}: peak {after / 2**30:.2f} GiB, of which the model "
            f"added {(after - before) / 2**20:.0f} MiB, {seconds:.1f} s of CPU",
            flush=True,
        )


if __name__ == "__main__":
    main()
