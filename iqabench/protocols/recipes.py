"""The recipe that ``--recipe common`` gives every network, so that only the networks differ."""

from __future__ import annotations

from iqabench.contract.cards import ModelCard, Recipe, Stage

COMMON = Recipe(
    stages=(Stage(epochs=30, optimizer="adamw", lr=1e-4, weight_decay=1e-4, schedule="cosine"),),
    batch_size=8,
    crop=(224, 224),
    test_crops=9,
    augment=("hflip",),
)
"""Reasons are in docs/protocol.md."""


def common(card: ModelCard) -> Recipe:
    """The common recipe, with the values that belong to the network taken from its card.

    These values are its normalisation, the factors on the learning rates of its parameter groups,
    the weights of its losses, and its crop size if the network takes no other size.
    """
    own = card.recipe
    stage = COMMON.stages[0].model_copy(update={"lr_groups": own.stages[-1].lr_groups})
    return COMMON.model_copy(
        update={
            "stages": (stage,),
            "crop": own.crop if card.fixed_crop else COMMON.crop,
            "mean": own.mean,
            "std": own.std,
            "loss_weights": own.loss_weights,
        }
    )
