import pytest
from pydantic import ValidationError

from iqabench.contract import Recipe, WeightsCard
from iqabench.protocols.choices import Choices
from iqabench.protocols.starting import published_recipe, starting
from iqabench.registry import registry

WHOLE = {"crop": None, "test_crop_kind": "whole", "max_pixels": 262_144}


def card(recipe):
    weights = WeightsCard(name="lite", filename="lite.safetensors", sha256="0", recipe=recipe)
    return registry().model("biosiqnet-lite").model_copy(update={"weights": (weights,)})


def test_published_weights_score_with_their_own_recipe():
    given = card(WHOLE)
    found = starting(registry(), given, Choices(weights="published"), None).recipe
    assert (found.crop, found.test_crop_kind, found.max_pixels) == (None, "whole", 262_144)
    assert found.mean == given.recipe.mean  # what they do not name is the card's
    assert starting(registry(), given, Choices(), None).recipe == given.recipe


def test_weights_without_a_recipe_take_the_cards():
    given = card({})
    assert published_recipe(given) == given.recipe


def test_a_field_that_no_recipe_has_is_refused():
    with pytest.raises(ValidationError, match="crops"):
        published_recipe(card({"crops": 3}))


def test_a_recipe_without_the_field_has_the_identity_of_earlier_releases():
    assert "max_pixels" not in Recipe().model_dump()
    assert Recipe(max_pixels=2048).model_dump()["max_pixels"] == 2048
