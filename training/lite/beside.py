"""Trains the network beside the ridge regression on statistics that stay as they are."""

from __future__ import annotations

import click
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import mse_loss

from biosiqnet_plugin.heads import StatisticsHead

EPOCHS, BATCH, RATE, DECAY = 10, 128, 3e-4, 0.05
SHARE = 0.75
"""Of what the hidden layer has learnt that is added to the regression: three quarters are better on
people's scores than all of it or nothing, and nearly as good as all of it on damage. These numbers
were chosen on validation pictures; docs/models/biosiqnet-lite.md has the trials."""


def learn_beside(
    head: StatisticsHead,
    rows: NDArray[np.float32],
    labels: NDArray[np.float64],
    seed: int = 0,
) -> None:
    """Fit the hidden layer of a head that starts from a ridge regression, in place.

    Args:
        head: its regression is fitted already.
        rows: (N, F) block statistics.
        labels: (N,) quality on the regression's scale.
        seed: decides order and dropout.
    """
    torch.manual_seed(seed)
    for layer in head.beside:
        if isinstance(layer, nn.Linear):
            layer.reset_parameters()
    nn.init.zeros_(head.beside[-1].weight)
    nn.init.zeros_(head.beside[-1].bias)
    statistics = torch.from_numpy(rows)
    quality = torch.tensor(labels, dtype=torch.float32)
    steps = max(1, len(quality) // BATCH)
    optimizer = torch.optim.AdamW(head.beside.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
    head.train()
    for epoch in range(EPOCHS):
        total = 0.0
        order = np.random.default_rng([seed, epoch]).permutation(len(quality))
        for chosen in np.array_split(order, steps):
            loss = mse_loss(head(statistics[chosen]), quality[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        click.echo(f"head, epoch {epoch + 1}/{EPOCHS}: loss {total / steps:.4f}", err=True)
    with torch.no_grad():
        for parameter in head.beside[-1].parameters():
            parameter.mul_(SHARE)
    head.eval()
