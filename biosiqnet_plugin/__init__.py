"""BioSIQNet: image quality learnt together with low and high saliency (Wang et al., TNNLS 2025)."""

from __future__ import annotations

from collections.abc import Callable

from iqabench.contract import ModelCard, hookimpl


@hookimpl
def register_models(register: Callable[[ModelCard], None]) -> None:
    """Register the models of this plugin: four encoders, each with the five variants of Table I."""
    from biosiqnet_plugin.cards import cards

    for card in cards():
        register(card)
