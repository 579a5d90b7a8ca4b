import pytest

from iqabench.contract import MissingDependencyError, UnknownNameError, UsageError, WeightsError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import registry


def ask(names, *overrides, device="cpu", precision="fp32", **choices):
    chosen = Choices(**choices)
    return resolve(registry(), names, overrides, chosen, device=device, precision=precision)


def one(*overrides, **choices):
    return ask(["a=biosiqnet-lite"], *overrides, **choices)[0]


def test_names_labels_and_order():
    asked = ask(["b=brisque", " a = biosiqnet-lite ", "brisque"])
    assert [(request.label, request.card.name) for request in asked] == [
        ("b", "brisque"),
        ("a", "biosiqnet-lite"),
        ("brisque", "brisque"),
    ]


@pytest.mark.parametrize(
    ("names", "overrides", "words"),
    [
        ([], [], "no models named"),
        ([""], [], "empty name"),
        (["brisque", ""], [], "empty name"),
        (["=brisque"], [], "empty name"),
        (["a="], [], "empty name"),
        (["brisque", "brisque"], [], "two models are called 'brisque'"),
        (["a=brisque", "a=biosiqnet-lite"], [], "two models are called 'a'"),
        (["brisqe"], [], "unknown model 'brisqe'"),
        (["piqe"], ["piqe.C=1"], "'piqe' has no option 'C'"),
        (["brisque"], ["brisque.recipe.epochs=1"], "'brisque' has no recipe"),
        (["biosiqnet-lite"], ["biosiqnet-lite.hiden=1"], "'hiden'"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.epoch=1"], "'epoch'"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.stages.1.epochs=1"], "stages.1.epochs"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.stages.0.epoch=1"], "stages.0.epoch"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.stages=1"], "'stages'"),
        (["biosiqnet-lite"], ["biosiqnet-lite"], "not NAME.KEY=VALUE"),
        (["biosiqnet-lite"], ["hidden=3"], "not NAME.KEY=VALUE"),
        (["biosiqnet-lite"], ["lite.hidden=3"], "'lite'"),
        (["biosiqnet-lite"], ["biosiqnet-lite.dropout=2"], "dropout=2"),
        (["biosiqnet-lite"], ["biosiqnet-lite.dropout=x"], "dropout='x'"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.epochs=0"], "epochs=0"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.epochs=1.5"], "epochs=1.5"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.lr=Infinity"], "lr=inf"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.crop=64"], "crop=64"),
        (["biosiqnet-lite"], ["biosiqnet-lite.recipe.loss_weights.quality=x"], "quality='x'"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_hint(names, overrides, words):
    with pytest.raises(UsageError) as error:
        ask(names, *overrides)
    assert words in error.value.message
    assert "\n" not in error.value.message
    assert error.value.hint


def test_near_misses_of_options_and_recipe_keys():
    for override, near in (("a.hiden=1", "hidden"), ("a.recipe.epoch=1", "epochs")):
        with pytest.raises(UnknownNameError) as error:
            one(override)
        assert near in error.value.hint


def test_options_are_typed_by_their_fields():
    options = one("a.hidden=32", "a.binary=true", "a.low_block=none", "a.encoder=123").options
    assert (options.hidden, options.binary, options.low_block) == (32, True, None)
    assert options.encoder == "123"


def test_recipe_overrides():
    request = one(
        "a.recipe.epochs=2",
        "a.recipe.stages.0.lr=0.25",
        "a.recipe.crop=64,96",
        "a.recipe.augment=hflip,vflip",
        "a.recipe.patience=none",
        "a.recipe.loss_weights.quality=3",
    )
    recipe, before = request.recipe, request.card.recipe
    assert [stage.epochs for stage in recipe.stages] == [2] * len(before.stages)
    assert recipe.stages[0].lr == 0.25
    assert (recipe.crop, recipe.augment) == ((64, 96), ("hflip", "vflip"))
    assert recipe.patience is None
    assert recipe.loss_weights["quality"] == 3
    assert recipe.mean == before.mean


def test_an_override_reaches_its_own_label_only():
    narrow, wide = ask(["a=biosiqnet-lite", "a.b=biosiqnet-lite"], "a.b.hidden=7", "a.hidden=5")
    assert (narrow.options.hidden, wide.options.hidden) == (5, 7)


def test_init_reaches_models_that_have_the_option():
    assert one(init="random").init == one(init="random").options.init == "random"
    assert one().init == "default"
    assert ask(["brisque"], init="random")[0].init == "-"


def test_weights_at_hand_need_no_others_to_start_from(tmp_path):
    """No ImageNet weights of this encoder are on this machine."""
    (tmp_path / "mine.safetensors").write_bytes(b"")
    request = one("a.encoder=test_resnet", weights=str(tmp_path / "mine.safetensors"))
    assert request.init == "default"  # what was asked for stays in the fingerprint
    assert request.build(loaded=True).options.init == "random"
    with pytest.raises(WeightsError):
        one("a.encoder=test_resnet").build()


def test_tiny_gives_way_to_what_the_user_sets():
    assert one(tiny=True).recipe.stages[0].epochs == 1
    assert one("a.recipe.epochs=3", tiny=True).recipe.stages[0].epochs == 3


def test_the_config_knows_what_decides_predictions_and_not_the_label():
    base = one().config
    assert ask(["other=biosiqnet-lite"])[0].config == base
    assert one("a.hidden=256").config == base  # its default, said aloud
    others = [
        one("a.hidden=8"),
        one("a.recipe.epochs=1"),
        one("a.recipe.test_crops=3"),
        one(init="random"),
        one(precision="bf16"),
        one(device="cuda"),
        ask(["brisque"])[0],
    ]
    assert len({base, *(request.config for request in others)}) == 1 + len(others)


def test_the_config_knows_the_recipe_of_networks_only():
    assert one(recipe="common").config != one().config
    assert ask(["brisque"], recipe="common")[0].config == ask(["brisque"])[0].config


def test_overrides_and_tiny_reach_the_common_recipe_too():
    recipe = one("a.recipe.lr=0.5", recipe="common", tiny=True).recipe
    assert (recipe.stages[0].lr, recipe.stages[0].optimizer) == (0.5, "adamw")
    assert recipe.stages[0].epochs == one(tiny=True).recipe.stages[0].epochs
    assert recipe.crop == one(tiny=True).recipe.crop


def test_a_provider_is_the_same_under_any_spelling_and_as_the_default():
    named = one(saliency="spectral-residual")
    assert named.config == one(saliency="Spectral-Residual").config
    assert named.config == one().config
    assert ask(["brisque"], saliency="spectral-residual")[0].config == ask(["brisque"])[0].config


def test_an_unknown_provider_is_refused():
    with pytest.raises(UnknownNameError, match="unknown saliency provider 'spectral'") as error:
        one(saliency="spectral")
    assert "spectral-residual" in error.value.hint


def test_a_weights_file_is_known_by_its_contents(tmp_path):
    here, there = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    here.write_bytes(b"same")
    there.write_bytes(b"same")
    first, second = one(weights=str(here)), one(weights=str(there))
    assert first.config == second.config != one().config
    assert not first.trains
    there.write_bytes(b"else")
    assert one(weights=str(there)).config != first.config


@pytest.mark.parametrize(("name", "weights"), [("nima", "train"), ("cnniqa", "published")])
def test_published_weights_are_known_by_their_contents_where_they_lie_in_place(
    name, weights, tmp_path, monkeypatch
):
    monkeypatch.setenv("IQABENCH_WEIGHTS", str(tmp_path))
    (absent,) = ask([name], weights=weights)
    place = tmp_path / absent.card.weights[0].filename
    place.write_bytes(b"one")
    (first,) = ask([name], weights=weights)
    place.write_bytes(b"another")
    (second,) = ask([name], weights=weights)
    assert len({absent.config, first.config, second.config}) == 3
    place.write_bytes(b"one")
    assert ask([name], weights=weights)[0].config == first.config


def test_weights_that_nobody_has_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no published weights are known for 'tiqa-lite'"):
        ask(["tiqa-lite"], weights="published")
    with pytest.raises(UsageError, match="no weights file at"):
        one(weights=str(tmp_path / "none"))


def test_a_model_whose_library_is_missing_is_refused(monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as error:
        ask(["brisque", "maniqa"])
    assert "licence" in error.value.message
    assert "pip install" in error.value.hint


def test_that_truncated_pictures_are_allowed_is_part_of_the_identity():
    strict, allowed = one().identity, one(allow_truncated=True).identity
    assert strict.allow_truncated is False
    assert allowed == strict.model_copy(update={"allow_truncated": True})
    assert one().config != one(allow_truncated=True).config


@pytest.mark.parametrize(
    ("overrides", "choices", "name"),
    [
        ((), {}, "own"),
        ((), {"recipe": "common"}, "common"),
        (("a.recipe.epochs=2",), {}, "own*"),
        (("a.recipe.epochs=2",), {"recipe": "common"}, "common*"),
        (("a.hidden=3",), {}, "own"),
    ],
)
def test_a_recipe_is_named_and_marked_where_it_was_changed(overrides, choices, name):
    assert one(*overrides, **choices).recipe_name == name


def test_what_is_no_network_has_no_recipe():
    assert ask(["brisque"], recipe="common")[0].recipe_name == "-"


@pytest.mark.parametrize(
    ("given", "epochs"),
    [
        (["a.recipe.epochs=2", "a.recipe.stages.0.epochs=5"], 5),
        (["a.recipe.stages.0.epochs=5", "a.recipe.epochs=2"], 2),
        (["a.recipe.epochs=2", "a.recipe.stages.0.epochs=5", "a.recipe.epochs=3"], 3),
    ],
)
@pytest.mark.parametrize("tiny", [False, True])
def test_the_last_override_of_a_field_counts(given, epochs, tiny):
    assert one(*given, tiny=tiny).recipe.stages[0].epochs == epochs
