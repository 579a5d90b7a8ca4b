"""Readers for image quality data sets, and the built-in demo set."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import DatasetCard, hookimpl
from iqabench_datasets.cards import CARDS


@hookimpl
def register_datasets(register: Callable[[DatasetCard], None]) -> None:
    """Register the data sets that this plugin reads."""
    for card in CARDS:
        register(card)
