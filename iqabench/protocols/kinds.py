"""The three kinds of models, as the plan sees them; :mod:`iqabench.engine.kinds` runs them."""

from __future__ import annotations

from typing import Protocol

from iqabench.contract.cards import ModelCard, Recipe, WeightsCard
from iqabench.store.behaviour import Part
from iqabench.store.records import NONE


class Kind(Protocol):
    """The facts about a kind of model that the plan needs."""

    has_recipe: bool
    """Whether a recipe decides how the model is trained. This is so for networks only."""
    parts: tuple[Part, ...]
    """Parts of the harness that decide the predictions."""
    libraries: tuple[str, ...]
    """Distributions that decide the predictions, in addition to those that the model imports."""

    def selection(self, recipe: Recipe) -> str:
        """The criterion that chose the kept state of a fitted model."""

    def predicts_quality(self, card: ModelCard) -> bool:
        """Whether a fitted model predicts the training set's quality, where higher is better."""

    def published(self, card: ModelCard) -> tuple[WeightsCard, ...]:
        """The published weights that the model scores with."""


class _Scorer:
    has_recipe = False
    parts: tuple[Part, ...] = ("decoding",)
    libraries: tuple[str, ...] = ()

    def selection(self, recipe: Recipe) -> str:
        return NONE

    def predicts_quality(self, card: ModelCard) -> bool:
        return False

    def published(self, card: ModelCard) -> tuple[WeightsCard, ...]:
        return card.weights


class _Estimator:
    has_recipe = False
    parts: tuple[Part, ...] = ("decoding", "training")
    libraries: tuple[str, ...] = ()

    def selection(self, recipe: Recipe) -> str:
        return "none"

    def predicts_quality(self, card: ModelCard) -> bool:
        return card.fit_on == "images"

    def published(self, card: ModelCard) -> tuple[WeightsCard, ...]:
        return card.weights[:1]


class _Trainable(_Estimator):
    has_recipe = True
    parts: tuple[Part, ...] = ("decoding", "crops", "training", "pooling")
    libraries: tuple[str, ...] = ("lightning",)

    def selection(self, recipe: Recipe) -> str:
        return "validation" if recipe.select == "best" else "last epoch"

    def predicts_quality(self, card: ModelCard) -> bool:
        return True


KINDS: dict[str, Kind] = {
    "scorer": _Scorer(),
    "estimator": _Estimator(),
    "trainable": _Trainable(),
}


def kind_of(card: ModelCard) -> Kind:
    """The kind of a card's model."""
    return KINDS[card.kind]
