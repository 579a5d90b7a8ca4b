"""Statistics of a network's features over the whole picture."""

from __future__ import annotations

import torch
from torch import Tensor


def statistics(feature: Tensor) -> Tensor:
    """The mean and the standard deviation of every channel, (B, C, h, w) -> (B, 2C) float32.

    The deviation is that of a population, with divisor h * w.
    """
    variance, mean = torch.var_mean(feature.float(), (2, 3), correction=0)
    # A root has no finite slope at 0, the variance of a channel that is silent in a picture.
    return torch.cat([mean, (variance + TINY).sqrt()], 1)


TINY = 1e-12
"""Added to variances, in the square of the features' unit. It changes a deviation
above 1e-4 by less than a ten-thousandth of it."""
