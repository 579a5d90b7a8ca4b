"""One optimiser step of BioSIQNet (ViT, shared) beside pyiqa's MANIQA: same batch, crop, precision.

    python benchmarks/training_step.py [--batch 4] [--rounds 3] [--precision fp32]

The two take turns in one process, so that a machine whose speed drifts does so for both; the ratio
of each pair is what counts. The published training times, 38 against 34 minutes per epoch, give
1.118. Weights are random: they change no cost.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from measurement import Measurement, tell

from iqabench.contract import Batch
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry

SIDE = 224
PUBLISHED = 1.118
"""The published training times of an epoch, 38 minutes to 34."""
BENCHMARK = {
    "title": "Training step of BioSIQNet",
    "aims": ["at most 1.118 times as long as MANIQA's, as the published training times say"],
    "quick": ["--rounds", "3"],
    "full": ["--rounds", "5"],
    "tiny": ["--rounds", "1", "--batch", "1", "--tiny"],
}


def stepper(name: str, batch: int, precision: str, tiny: bool) -> Callable[[], float]:
    """A function that makes one step of the named model and returns its seconds."""
    request = resolve(registry(), [name], [], Choices(init="random", tiny=tiny))[0]
    torch.manual_seed(0)
    net = request.build().train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-5)
    size = request.recipe.crop if tiny else (SIDE, SIDE)
    images = torch.rand(batch, 3, *size).contiguous(memory_format=torch.channels_last)
    maps = torch.rand(batch, 1, *size) if request.card.saliency != "none" else None
    data = Batch(images, torch.rand(batch), maps, torch.arange(batch))

    def step() -> float:
        start = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            losses = net.losses(data)
        sum(losses.values()).backward()
        optimizer.step()
        return time.perf_counter() - start

    return step


def main() -> None:
    """Print seconds of every pair of steps, and tell the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--tiny", action="store_true", help="toy networks, to try the script")
    asked = parser.parse_args()
    ours = stepper("biosiqnet", asked.batch, asked.precision, asked.tiny)
    theirs = stepper("maniqa", asked.batch, asked.precision, asked.tiny)
    ratios, times = [], []
    for number in range(asked.rounds + 1):
        a, b = ours(), theirs()
        note = "warm-up" if number == 0 else f"ratio {a / b:.3f}"
        print(f"biosiqnet {a:.2f} s  maniqa {b:.2f} s  {note}", flush=True)
        if number:
            ratios.append(a / b)
            times.append((a, b))
    own, other = (statistics.median(side) for side in zip(*times, strict=True))
    tell(
        Measurement(
            f"training step of BioSIQNet beside MANIQA's, batch {asked.batch}, "
            f"{'toy networks' if asked.tiny else f'{SIDE}x{SIDE}'}, "
            f"{asked.precision}, {torch.get_num_threads()} threads",
            statistics.median(ratios),
            "times as long",
            len(ratios),
            PUBLISHED,
            ours=f"{own:.2f} s",
            theirs=f"{other:.2f} s",
        )
    )


if __name__ == "__main__":
    main()
