"""Readers for image quality data sets, and the built-in demo set."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import DatasetCard, hookimpl
from iqabench_datasets import cards, recent_cards


@hookimpl
def register_datasets(register: Callable[[DatasetCard], None]) -> None:
    """Register the data sets that this plugin reads."""
    for card in (*cards.CARDS, *recent_cards.CARDS):
        register(card)
