"""Teaches the decoders of a trained network where people look, and nothing else of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from material import part_of
from PIL import Image

from iqabench.contract import Batch, Recipe
from iqabench.engine.crops import normalise
from iqabench.kit.fixations import TRUTH_SIGMA, blurred, read_fixations

EPOCHS, RATE = 12, 1e-3
SIDE = 256
"""Pixels of the longer side at which photographs are shown."""


def learn_gaze(network: Any, photographs: Path, recipe: Recipe) -> None:
    """Fit the decoders to the fixations of observers; the network is changed in place.

    Args:
        network: a BioSIQNet, whose quality stays as it is.
        photographs: a folder of pictures; ``fixations.csv`` lies beside it.
        recipe: gives the normalisation.
    """
    batches = [_batch(path, recipe) for path in _training(photographs)]
    decoders = [branch.decoder for branch in network.branches.values()]
    learnt = [parameter for decoder in decoders for parameter in decoder.parameters()]
    network.requires_grad_(False)
    for parameter in learnt:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(learnt, RATE)
    network.eval()  # batch normalisation and dropout stay as quality was learnt with
    for epoch in range(EPOCHS):
        total = 0.0
        for index in np.random.default_rng([epoch, 2]).permutation(len(batches)):
            losses = network.losses(batches[index])
            loss = sum(losses[name] for name in network.branches)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        click.echo(f"gaze, epoch {epoch + 1}/{EPOCHS}: loss {total / len(batches):.3f}", err=True)
    network.requires_grad_(True)


def _training(photographs: Path) -> list[Path]:
    found = enumerate(sorted(photographs.iterdir()))
    return [path for number, path in found if part_of(number) == "training"]


def _batch(path: Path, recipe: Recipe) -> Batch:
    with Image.open(path) as file:
        picture = file.convert("RGB")
    size, scale = picture.size, min(1.0, SIDE / max(picture.size))
    small = picture.resize(tuple(max(32, round(side * scale)) for side in size))
    image = torch.from_numpy(np.array(small)).permute(2, 0, 1)[None].float() / 255
    points = read_fixations(path.parent.parent / "fixations.csv", path.name)
    truth = blurred(points, (size[1], size[0]), TRUTH_SIGMA * min(size))
    shown = np.asarray(Image.fromarray(truth).resize(small.size))
    saliency = torch.from_numpy(np.clip(shown / shown.max(), 0, 1).copy())[None, None]
    return Batch(normalise(image, recipe), torch.zeros(1), saliency, torch.zeros(1))
