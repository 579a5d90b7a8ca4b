"""The end of a network that learns qualities scaled to [0, 1]."""

from __future__ import annotations

from torch import nn

MIDDLE = 0.5
"""A head that starts in the middle of the scale saves many steps."""


def score_layer(features: int) -> nn.Linear:
    """A fully connected layer to one score, (..., features) -> (..., 1), that starts in the middle
    of the scale."""
    layer = nn.Linear(features, 1)
    nn.init.constant_(layer.bias, MIDDLE)
    return layer
