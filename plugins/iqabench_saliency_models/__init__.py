"""Peers of BioSIQNet that saliency guides: SDS-IQA (2025) and SGDNet (2019)."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """The models this plugin offers."""
    from iqabench_saliency_models.cards import CARDS

    for card in CARDS:
        register(card)
