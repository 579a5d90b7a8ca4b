"""How the engine runs each kind of model."""

from __future__ import annotations

from iqabench.contract.cards import ModelCard
from iqabench.engine.kinds.base import Adapter
from iqabench.engine.kinds.estimator import Estimator
from iqabench.engine.kinds.scorer import Scorer
from iqabench.engine.kinds.trainable import Trainable

ADAPTERS: dict[str, Adapter] = {
    "scorer": Scorer(),
    "estimator": Estimator(),
    "trainable": Trainable(),
}


def adapter(card: ModelCard) -> Adapter:
    """The adapter of a card's kind of model."""
    return ADAPTERS[card.kind]
