import pytest

from iqabench.contract import ModelCard, Recipe, Stage
from iqabench.protocols.recipes import COMMON, common
from iqabench.registry import registry

NETWORKS = [card for card in registry().models.cards.values() if card.kind == "trainable"]
OWN = Recipe(
    stages=(
        Stage(epochs=3, optimizer="sgd", freeze=("body.",)),
        Stage(epochs=4, lr=3.0, lr_groups={"head": 10.0}),
    ),
    batch_size=5,
    crop=(96, 64),
    train_crops=7,
    mean=(0.1, 0.2, 0.3),
    std=(0.4, 0.5, 0.6),
    loss_weights={"map": 0.25},
    patience=2,
)


def card(**more):
    fields = {"name": "m", "summary": "s", "kind": "trainable", "factory": "a:b", "recipe": OWN}
    return ModelCard(**{**fields, **more})


def test_what_is_bound_to_the_network_is_kept_and_nothing_else():
    recipe = common(card())
    (stage,) = recipe.stages
    assert stage == COMMON.stages[0].model_copy(update={"lr_groups": {"head": 10.0}})
    kept = {"stages", "mean", "std", "loss_weights"}
    for key in Recipe.model_fields:
        expected = OWN if key in kept else COMMON
        assert key == "stages" or getattr(recipe, key) == getattr(expected, key), key


def test_a_network_of_one_size_keeps_it():
    assert common(card(fixed_crop=True)).crop == (96, 64)


@pytest.mark.parametrize("found", NETWORKS, ids=lambda found: found.name)
def test_every_network_trains_by_the_same(found):
    (stage,) = common(found).stages
    (expected,) = COMMON.stages
    assert stage.model_copy(update={"lr_groups": {}}) == expected
    assert Recipe.model_validate(common(found).model_dump()) == common(found)
