"""What ``--set`` changes in a request: the facts of a model's card, or those of a fit job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.cards import ModelCard, Recipe
from iqabench.contract.errors import UsageError
from iqabench.kit.download import sha256
from iqabench.kit.places import weights_dir
from iqabench.protocols.job_weights import PREFIX, fit_behind, provider_of
from iqabench.protocols.kinds import kind_of
from iqabench.protocols.recipes import common
from iqabench.registry import Provider, Registry
from iqabench.store import Store
from iqabench.store.records import NONE

if TYPE_CHECKING:
    from iqabench.protocols.choices import Choices


@dataclass(frozen=True)
class Starting:
    """Options, recipe, weights and maps of a model before ``--set``."""

    options: dict[str, Any]
    recipe: Recipe
    recipe_name: str
    """``own`` or ``common``, with a ``*`` where fields of it were changed; ``-`` without one."""
    weights: str
    """``train``, ``published``, ``job:FINGERPRINT`` or a file."""
    weights_hash: str
    provider: Provider | None = None
    """The saliency provider that the fit job notes; None if there is no such note."""


def starting(
    registry: Registry, card: ModelCard, choices: Choices, store: Store | None
) -> Starting:
    """The facts of the fit job that ``--weights job:ID`` names; else those of the card.

    Raises:
        UsageError: there are no such weights, or they are those of another model.
    """
    if card.trains and choices.weights.startswith(PREFIX):
        return _of_job(registry, card, choices, store)
    weights, weights_hash = _weights(card, choices.weights)
    random = {"init": choices.init} if choices.init != "default" else {}
    shipped = card.weights[0] if weights == "published" and card.weights else None
    own = card.recipe if shipped is None else published_recipe(card)
    return Starting(
        options={**card.defaults, **({} if shipped is None else shipped.options), **random},
        recipe=common(card) if choices.recipe == "common" else own,
        recipe_name=choices.recipe if kind_of(card).has_recipe else NONE,
        weights=weights,
        weights_hash=weights_hash,
    )


def published_recipe(card: ModelCard) -> Recipe:
    """The recipe with which a card's published weights score."""
    return Recipe.model_validate({**card.recipe.model_dump(), **card.weights[0].recipe})


def _of_job(registry: Registry, card: ModelCard, choices: Choices, store: Store | None) -> Starting:
    if store is None:
        raise UsageError(f"--weights {choices.weights}: no store holds jobs", "name a store")
    job, fit = fit_behind(choices.weights, card, store)
    if choices.recipe == "common":
        raise UsageError(
            f"--recipe common is for training: job {job.fingerprint} brings its own recipe",
            "leave --recipe out",
        )
    recipe = fit.model.recipe or card.recipe
    name = f"{PREFIX}{job.fingerprint}"
    return Starting(
        options=dict(fit.model.options),
        recipe=recipe,
        recipe_name=_recipe_name(card, recipe),
        weights=name,
        weights_hash=name,
        provider=None if choices.saliency else provider_of(fit, card, registry),
    )


def _recipe_name(card: ModelCard, recipe: Recipe) -> str:
    if not kind_of(card).has_recipe:
        return NONE
    if recipe == card.recipe:
        return "own"
    return "common" if recipe == common(card) else "own*"


def _weights(card: ModelCard, weights: str) -> tuple[str, str]:
    """The weights that are no job's, and their identity."""
    if not card.trains:  # a scorer learns nothing, so it has no other weights
        return "published", published_identity(card)
    if weights == "train":
        return weights, weights
    if weights == "published":
        if not card.weights:
            raise UsageError(
                f"no published weights are known for '{card.name}'",
                "--weights train, FILE or job:ID",
            )
        return weights, published_identity(card)
    path = Path(weights)
    if not path.is_file():
        raise UsageError(
            f"no weights file at {path}", "--weights FILE, or job:ID, which `iqabench show` lists"
        )
    return str(path.resolve()), sha256(path)


def published_identity(card: ModelCard) -> str:
    """The identity of a card's weights: for each file, the hash of its content if it lies in the
    weights folder, else the hash or the name on the card.
    """
    from iqabench.data.file_hashes import file_hashes

    found = []
    for weights in card.weights:
        place = weights_dir() / weights.filename
        content = file_hashes([place])[0] if place.is_file() else ""
        found.append(content or weights.sha256 or weights.name)
    return "+".join(found) or "-"
