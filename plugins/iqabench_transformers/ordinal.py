"""Quality as ordered classes: how it is cut, learnt and put together again (DOR-IQA)."""

from __future__ import annotations

from torch import Tensor, arange
from torch.nn import functional


def exceeded(quality: Tensor, bins: int) -> Tensor:
    """Which thresholds a quality's class lies above.

    Args:
        quality: (B,) in [0, 1]; its class is the nearest of 0 to ``bins`` - 1.
        bins: number of classes.

    Returns:
        (B, bins - 1) zeros and ones of the quality's dtype; ones come first.
    """
    classes = (quality * (bins - 1)).round()
    thresholds = arange(bins - 1, device=quality.device)
    return (thresholds < classes[:, None]).to(quality.dtype)


def ordinal_loss(logits: Tensor, quality: Tensor) -> Tensor:
    """Binary cross-entropy of all thresholds, summed over them and averaged over pictures.

    Args:
        logits: (B, bins - 1), of the probability that quality exceeds each threshold.
        quality: (B,) in [0, 1].
    """
    truth = exceeded(quality, logits.shape[1] + 1)
    summed = functional.binary_cross_entropy_with_logits(logits.float(), truth, reduction="sum")
    return summed / len(quality)


def expectation(logits: Tensor) -> Tensor:
    """The expected quality, (B, bins - 1) -> (B,) in [0, 1], at least float32.

    The sum of the probabilities to exceed each threshold is the expected class.
    """
    return logits.float().sigmoid().mean(1)
