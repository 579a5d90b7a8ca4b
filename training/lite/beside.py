"""Trains the network beside the ridge regression on statistics that stay as they are."""

from __future__ import annotations

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from biosiqnet_plugin.heads import StatisticsHead

EPOCHS, BATCH, RATE, DECAY, DAMAGED = 10, 128, 3e-4, 0.05, 0.3
"""The last is the weight of a damaged picture. All were chosen on validation pictures;
docs/models/biosiqnet-lite.md has the trials."""


def learn_beside(
    head: StatisticsHead,
    rows: NDArray[np.float64],
    labels: NDArray[np.float64],
    rated: NDArray[np.bool_],
    seed: int = 0,
) -> None:
    """Fit the hidden layer of a head that starts from a ridge regression, in place.

    Args:
        head: its regression is fitted already.
        rows: (N, F) block statistics.
        labels: (N,) quality on the regression's scale.
        rated: (N,) whether people scored the picture; else it is damaged.
        seed: decides order and dropout.
    """
    torch.manual_seed(seed)
    for layer in head.beside:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    nn.init.zeros_(head.beside[-1].weight)
    nn.init.zeros_(head.beside[-1].bias)
    statistics = torch.tensor(rows, dtype=torch.float32)
    quality = torch.tensor(labels, dtype=torch.float32)
    weights = torch.tensor(np.where(rated, 1.0, DAMAGED), dtype=torch.float32)
    steps = len(quality) // BATCH
    optimizer = torch.optim.AdamW(head.beside.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
    head.train()
    for epoch in range(EPOCHS):
        total = 0.0
        order = np.random.default_rng([seed, epoch]).permutation(len(quality))
        for chosen in np.array_split(order, steps):
            missed = head(statistics[chosen]) - quality[chosen]
            loss = (weights[chosen] * missed**2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        click.echo(f"head, epoch {epoch + 1}/{EPOCHS}: loss {total / steps:.4f}", err=True)
    head.eval()
