"""The last layer of a network that learns qualities scaled to [0, 1]."""

from __future__ import annotations

from torch import nn

MIDDLE = 0.5
"""Initial bias. A network whose first scores lie in the middle of the scale needs fewer steps."""


def score_layer(features: int) -> nn.Linear:
    """A fully connected layer to one score, (..., features) -> (..., 1). Its first scores lie near
    the middle of the scale."""
    layer = nn.Linear(features, 1)
    nn.init.constant_(layer.bias, MIDDLE)
    return layer
