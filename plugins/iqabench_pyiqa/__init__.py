"""Models of the pyiqa library (PolyForm Noncommercial), an optional extra."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """Register the networks that iqabench trains, and every metric that pyiqa computes."""
    from .cards import TRAINABLE
    from .metrics import cards

    for card in (*TRAINABLE, *cards()):
        register(card)
