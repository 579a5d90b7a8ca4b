"""Choices of a run that hold for all its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Choices:
    """Choices of a run that hold for all its models."""

    weights: str = "train"
    """``train``, ``published``, a file, or ``job:ID`` for the weights of a fit in the store."""
    init: str = "default"
    """Where networks' encoders start: ``default``, which is pretrained, or ``random``."""
    saliency: str | None = None
    """The saliency provider with its options; None takes the set's own maps, else the card's."""
    tiny: bool = False
    """Whether models have toy size, to try a protocol out."""
    allow_truncated: bool = False
    """Whether picture files that end too early are accepted."""
    recipe: Literal["own", "common"] = "own"
    """``own``: each network uses its card's recipe; ``common``: all use the same recipe."""
    skip_unreadable: bool = False
    """Whether fits leave out pictures that cannot be decoded; they fail otherwise."""
    log: str | None = None
    """Where the epochs of fits of networks are logged, besides the store: ``tensorboard[:DIR]`` or
    ``mlflow[:URI]``. No result depends on it."""
    compile: bool = False
    """Whether networks are compiled by ``torch.compile``."""
