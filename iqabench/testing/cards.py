"""Checks of cards: complete, honest, and naming code that is there."""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Iterator
from typing import Any

from iqabench.contract.cards import DatasetCard, Frozen, ModelCard, SaliencyCard
from iqabench.contract.errors import IqabenchError
from iqabench.protocols.choices import Choices
from iqabench.protocols.requests import resolve
from iqabench.registry import Registry, lacking, load
from iqabench.testing.findings import Broken

TINY = Choices(init="random", tiny=True)
"""How models are built: as small as their cards can make them, from random weights."""


def check_card(card: ModelCard | DatasetCard | SaliencyCard, registry: Registry) -> None:
    """Check that a card says what users and reports need.

    Raises:
        Broken: it does not; the sentence names everything that is missing.
    """
    problems = [*_stated(card), *_deprecated(card)]
    if isinstance(card, ModelCard):
        problems += [*_weights(card), *_model(card, registry)]
    elif isinstance(card, DatasetCard):
        problems += _dataset(card)
    if problems:
        raise Broken("; ".join(problems))


def _stated(card: ModelCard | DatasetCard | SaliencyCard) -> Iterator[str]:
    """What the card does not say, where a default would be a guess."""
    for key, applies, why in (
        ("licence", True, "say under which terms it may be used, or 'not stated'"),
        ("trained_on", isinstance(card, SaliencyCard), "say on what it was trained, or 'nothing'"),
        ("direction", _has_direction(card), "say whether 'higher' or 'lower' is better"),
    ):
        if applies and (key not in card.model_fields_set or not getattr(card, key)):
            yield f"it does not give its {key}: {why}"
    title = card.title if isinstance(card, DatasetCard) else card.summary
    if not title.strip():
        yield "it does not say in a few words what it is"


def _has_direction(card: ModelCard | DatasetCard | SaliencyCard) -> bool:
    """Whether the card decides in which direction scores are read."""
    if isinstance(card, ModelCard):
        return card.kind == "scorer" or bool(card.weights)
    return isinstance(card, DatasetCard) and card.labelled


def _deprecated(card: Frozen) -> Iterator[str]:
    fields = type(card).model_fields
    for key in sorted(card.model_fields_set):
        if fields[key].deprecated:
            yield f"'{key}' is deprecated: {fields[key].deprecation_message}"


def _weights(card: ModelCard) -> Iterator[str]:
    for weights in card.weights:
        if not weights.licence:
            yield f"weights '{weights.name}' give no licence: name it, or 'not stated'"
        if "trained_on" not in weights.model_fields_set:
            yield f"weights '{weights.name}' do not say on which data sets they were trained"


def _model(card: ModelCard, registry: Registry) -> Iterator[str]:
    if card.variant_of is not None and card.variant_of not in registry.models.cards:
        yield f"variant_of names '{card.variant_of}', which is not registered"
    try:
        if card.saliency != "none":
            registry.provider(card.saliency_default)
        if lacking(card):
            return
        load(card.factory)
        for labels in card.studies.values():
            for options in labels.values():
                changes = [f"{card.name}.{key}={value}" for key, value in options.items()]
                resolve(registry, [card.name], changes, TINY)
        resolve(registry, [card.name], [], TINY)
    except IqabenchError as error:
        yield error.message


def _dataset(card: DatasetCard) -> Iterator[str]:
    if card.direction == "lower" and card.labelled and card.score_range is None:
        yield "lower is better and no score_range is given, which fixes the zero of quality"
    for target in (card.reader, card.builder):
        if target is not None:
            try:
                load(target)
            except IqabenchError as error:
                yield error.message


def check_sent(whole: Any, *targets: str | None) -> None:
    """Check that a job can take a part of a plugin to another process.

    Args:
        whole: what is pickled: the card with its options.
        targets: ``"package.module:attribute"`` of the code, which the other process imports.

    Raises:
        Broken: it cannot.
    """
    try:
        pickle.loads(pickle.dumps(whole))
    except Exception as error:
        text = next(iter(str(error).splitlines()), "")
        raise Broken(
            f"it cannot be pickled ({type(error).__name__}: {text}): define its options at the top "
            "of a module"
        ) from error
    for target in filter(None, targets):
        module = target.partition(":")[0]
        if importlib.util.find_spec(module) is None:
            raise Broken(f"another process does not find the module {module}")
