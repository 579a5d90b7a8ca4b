"""Saliency providers."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import SaliencyCard, hookimpl
from iqabench_saliency.cards import CARDS


@hookimpl
def register_saliency_providers(register: Callable[[SaliencyCard], None]) -> None:
    """The providers this plugin offers."""
    for card in CARDS:
        register(card)
