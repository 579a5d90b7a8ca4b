import pytest
from pydantic import ValidationError

from iqabench.contract import (
    ArchiveCard,
    DatasetCard,
    IqabenchError,
    ModelCard,
    Protocol,
    Recipe,
    SaliencyCard,
    Stage,
    UnknownNameError,
    WeightsCard,
)
from iqabench.registry import registry

MODEL = {"name": "m", "summary": "s", "kind": "scorer", "factory": "a.b:C"}
PERMUTED = {"name": "s", "summary": "s", "kind": "permuted", "options": "a:b"}
CARDS = [
    *registry().models.cards.values(),
    *registry().datasets.cards.values(),
    *registry().saliency.cards.values(),
]


def test_cards_survive_json():
    for card in CARDS:
        text = card.model_dump_json()
        assert type(card).model_validate_json(text).model_dump_json() == text, card.name


@pytest.mark.parametrize("kind", [ModelCard, DatasetCard, SaliencyCard])
def test_cards_cannot_be_changed(kind):
    card = next(card for card in CARDS if isinstance(card, kind))
    with pytest.raises(ValidationError):
        card.name = "other"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (ModelCard, MODEL | {"factoy": "a:b"}),
        (DatasetCard, {"name": "d", "title": "t", "reader": "a:b", "root": "/x"}),
        (SaliencyCard, {"name": "s", "summary": "s", "factory": "a:b", "papers": "x"}),
        (WeightsCard, {"name": "w", "filename": "f", "sha": "0"}),
        (Recipe, {"epochs": 3}),
        (Stage, {"crop": (1, 1)}),
        (Protocol, {"fold": 4}),
    ],
)
def test_unknown_fields_are_errors(kind, fields):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        kind(**fields)


ARCHIVE = {"url": "https://a.org/b/set.zip", "sha256": "0" * 64, "bytes": 5}


@pytest.mark.parametrize(
    ("fields", "name"),
    [({}, ""), ({"name": "set.rar"}, "set.rar"), (ARCHIVE, "set.zip")],
)
def test_archives_are_known_by_name(fields, name):
    assert ArchiveCard(**fields).filename == name


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "https://a.org/set.zip"},
        ARCHIVE | {"bytes": 0},
        ARCHIVE | {"sha256": ""},
        ARCHIVE | {"sha256": "0" * 63},
        ARCHIVE | {"url": "file:///etc/passwd"},
        ARCHIVE | {"md5": "0"},
    ],
)
def test_archives_that_could_not_be_checked_are_refused(fields):
    with pytest.raises(ValidationError):
        ArchiveCard(**fields)


@pytest.mark.parametrize("name", ["a", "live-md", "niqe.v2", "a_b+c", "0x"])
def test_names_that_the_command_line_can_hold(name):
    assert ModelCard(**MODEL | {"name": name}).name == name


@pytest.mark.parametrize("name", ["", "Live", "a,b", "a:b", "a=b", "a b", "-a", ".a", "a\n"])
def test_names_that_it_cannot(name):
    with pytest.raises(ValidationError):
        ModelCard(**MODEL | {"name": name})
    with pytest.raises(ValidationError):
        ModelCard(**MODEL | {"aliases": (name,)})


@pytest.mark.parametrize("target", ["", "a.b", "a:b:c", "a:", ":b", "a b:c"])
def test_code_is_named_as_module_and_attribute(target):
    with pytest.raises(ValidationError):
        ModelCard(**MODEL | {"factory": target})


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Stage, {"epochs": 0}),
        (Stage, {"lr": 0}),
        (Stage, {"momentum": 1}),
        (Stage, {"optimizer": "magic"}),
        (Stage, {"average": 1.1}),
        (Recipe, {"stages": (Stage(average=0.5),), "patience": 5}),
        (Recipe, {"batch_size": 0}),
        (Recipe, {"test_crops": 0}),
        (Recipe, {"crop": (0, 224)}),
        (Recipe, {"crop": (224, -1)}),
        (Recipe, {"resize_short": 1}),
        (Recipe, {"augment": ("blur",)}),
        (Recipe, {"std": (0.0, 1.0, 1.0)}),
        (Recipe, {"stages": ()}),
        (Protocol, {"folds": 1}),
        (Protocol, {"test_share": 0}),
        (Protocol, {"test_share": 1}),
        (Protocol, {"seeds": 0}),
        (SaliencyCard, {"name": "s", "summary": "s"}),
        (SaliencyCard, {"name": "s", "summary": "s", "kind": "permuted"}),
        (SaliencyCard, PERMUTED | {"factory": "a:b"}),
        (SaliencyCard, PERMUTED | {"kind": "read"}),
    ],
)
def test_values_that_make_no_sense_are_refused(kind, fields):
    with pytest.raises(ValidationError):
        kind(**fields)


def test_scorers_do_not_train_and_the_others_do():
    assert [
        ModelCard(**MODEL | {"kind": kind}).trains for kind in ("scorer", "estimator", "trainable")
    ] == [False, True, True]


def test_an_unknown_name_hints_at_three_near_ones_at_most():
    error = UnknownNameError("thing", "aaaa", ["aaab", "aaac", "aaad", "aaae", "zzzz"], " (note)")
    assert isinstance(error, IqabenchError)
    assert error.message == "unknown thing 'aaaa'"
    assert error.hint.count(" or ") == 2
    assert "zzzz" not in error.hint
    assert error.hint.endswith("? (note)")
