"""Transformers on convolutional features: DOR-IQA (2023) and TIQA (2021)."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    from iqabench_transformers.cards import CARDS

    for card in CARDS:
        register(card)
