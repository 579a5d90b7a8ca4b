"""What the head of the network sees of every picture: computed once, since the trunk stays."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from biosiqnet_plugin.model import BioSIQNet
from biosiqnet_plugin.options import Options
from iqabench.contract import Recipe
from iqabench.data.tensors import planes_of
from iqabench.engine.crops import normalise, test_views
from iqabench.engine.folding import Folded

CHUNK = 120
"""Pictures of one file; an interrupted run loses at most one for each process."""


class Seen(nn.Module):
    """A network up to its head."""

    def __init__(self, network: BioSIQNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Normalised pictures, (B, 3, H, W) -> (B, F)."""
        return self.network.seen(images)


def seen(
    pictures: Sequence[Path], options: dict[str, Any], recipe: Recipe, folder: Path, device: str
) -> NDArray[np.float32]:
    """(N, F) statistics of whole pictures. Those of finished chunks are in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    starts = range(0, len(pictures), CHUNK)
    jobs = [(pictures[start : start + CHUNK], folder / f"{start:06d}.npy") for start in starts]
    missing = [job for job in jobs if not job[1].exists()]
    for done, _ in enumerate(_made(missing, options, recipe, device), 1):
        click.echo(f"statistics of {done * CHUNK} of {len(missing) * CHUNK} pictures", err=True)
    return np.concatenate([np.load(file) for _, file in jobs])


def _made(
    jobs: Sequence[tuple[Sequence[Path], Path]],
    options: dict[str, Any],
    recipe: Recipe,
    device: str,
) -> Iterator[None]:
    if device != "cpu":
        yield from (chunk(*job, options, recipe, device) for job in jobs)
        return
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(chunk, *job, options, recipe, device) for job in jobs]
        yield from (one.result() for one in running)


def chunk(
    pictures: Sequence[Path], file: Path, options: dict[str, Any], recipe: Recipe, device: str
) -> None:
    """Write the statistics of some pictures."""
    if device == "cpu":
        torch.set_num_threads(1)  # there is a process for each core
    network = _network(tuple(options.items()), device)
    rows = [network(_picture(path, recipe).to(device))[0].cpu().numpy() for path in pictures]
    part = file.with_suffix(".part.npy")
    np.save(part, np.stack(rows))
    part.replace(file)


@cache
def _network(options: tuple[tuple[str, Any], ...], device: str) -> Any:
    torch.set_grad_enabled(False)
    network = Seen(BioSIQNet(Options(**dict(options)))).eval()
    return Folded(network.to(device, memory_format=torch.channels_last))


def _picture(path: Path, recipe: Recipe) -> Tensor:
    from PIL import Image

    with Image.open(path) as file:
        pixels = torch.from_numpy(np.array(file.convert("RGB"))).permute(2, 0, 1)
    view = test_views(planes_of(pixels), recipe)[:1]
    return normalise(view, recipe).contiguous(memory_format=torch.channels_last)
