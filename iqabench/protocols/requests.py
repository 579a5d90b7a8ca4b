"""Requested models: names, labels and ``--set`` overrides turned into validated configurations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from iqabench.contract.cards import Direction, ModelCard, Recipe, Stage
from iqabench.contract.errors import UnknownNameError, UsageError
from iqabench.kit.weights import SCALE, metadata
from iqabench.options import known, misfit, parsed
from iqabench.protocols.choices import Choices
from iqabench.protocols.job_weights import PREFIX
from iqabench.protocols.kinds import Kind, kind_of
from iqabench.protocols.log_places import LogPlace, log_place
from iqabench.protocols.starting import published_identity, published_recipe, starting
from iqabench.registry import Provider, Registry, load, made, require
from iqabench.saliency.providers import identity
from iqabench.store import Store
from iqabench.store.code import code_of
from iqabench.store.fingerprints import digest
from iqabench.store.records import NONE, ModelIdentity, plain


@dataclass(frozen=True)
class ModelRequest:
    """One model of a run: its card, options, recipe and where its weights come from."""

    label: str
    card: ModelCard
    options: BaseModel | None
    recipe: Recipe
    weights: str
    """``train``, ``published``, ``job:FINGERPRINT`` or a file."""
    weights_hash: str
    saliency: Provider | None
    """The saliency provider that the user names, else the card's; None without saliency."""
    precision: str = "fp32"
    device: str = "cpu"
    """``cpu``, ``cuda`` or ``mps``."""
    allow_truncated: bool = False
    """Whether picture files that end too early are accepted."""
    skip_unreadable: bool = False
    """Whether a fit leaves out pictures that cannot be decoded."""
    saliency_named: bool = False
    """Whether the user named the provider. Then it replaces the maps that a data set ships."""
    recipe_name: str = NONE
    """``own`` or ``common``, with a ``*`` where fields of it were changed; ``-`` without one."""
    scale: float = 1.0
    """Factor on both sides of the pictures that are scored; it applies before any crop."""
    log: LogPlace | None = None
    """Where the epochs of a fit are logged, besides the store."""
    compile: bool = False
    """Whether ``torch.compile`` compiles the network."""

    @property
    def kind(self) -> Kind:
        """The kind of the model, as the plan sees it."""
        return kind_of(self.card)

    @property
    def trains(self) -> bool:
        """Whether this request fits the model on a training part."""
        return self.card.trains and self.weights == "train"

    @property
    def direction(self) -> Direction:
        """Whether a ``higher`` or a ``lower`` prediction is better.

        A model that was fitted here to qualities predicts qualities, so ``higher`` is better. Any
        other model keeps the direction on its card.
        """
        fitted = self.kind.predicts_quality(self.card) and self._fitted_here
        return "higher" if fitted else self.card.direction

    @cached_property
    def _fitted_here(self) -> bool:
        """Whether a fit of iqabench made the weights; its file holds the labels' scale."""
        if self.weights == "train" or self.weights.startswith(PREFIX):
            return True
        return self.weights != "published" and SCALE in metadata(Path(self.weights))

    @property
    def init(self) -> str:
        """Where training starts: the model's ``init`` option, or ``-``."""
        return str(getattr(self.options, "init", "-"))

    def build(self, loaded: bool = False) -> Any:
        """The model itself; imports its code.

        If ``loaded`` is true, the caller loads weights next. So no initial weights are needed.
        """
        options = self.options
        if loaded and options is not None and "init" in type(options).model_fields:
            options = options.model_copy(update={"init": "random"})
        return made(self.card.factory, options, self.card.name)

    @cached_property
    def identity(self) -> ModelIdentity:
        """Everything about the model that decides its predictions, except saliency maps.

        Maps also depend on the data set. So a job's identity holds them separately.
        """
        requires = [self.card.requires] if self.card.requires else []
        return ModelIdentity(
            model=self.card.name,
            code=code_of(
                self.card.factory,
                self.card.behaviour,
                self.kind.parts,
                [*self.kind.libraries, *requires],
            ),
            options=self.options.model_dump(mode="json") if self.options else {},
            recipe=self.recipe if self.kind.has_recipe else None,
            weights=self.weights_hash,
            precision=self.precision,
            device=self.device,
            allow_truncated=self.allow_truncated,
            scale=self.scale,
            compiled=self.compile,
        )

    @cached_property
    def config(self) -> str:
        """Hash of the identity and of the saliency provider; leaderboards group by it."""
        provider = plain(identity(self.saliency)) if self.saliency is not None else None
        return digest({**plain(self.identity), "saliency": provider})


def with_published(request: ModelRequest) -> ModelRequest:
    """The request with the published weights on its card, and the options that belong to them."""
    options = request.options
    if options is not None:
        options = options.model_copy(update=request.card.weights[0].options)
    return replace(
        request,
        weights="published",
        weights_hash=published_identity(request.card),
        options=options,
        recipe=published_recipe(request.card),
    )


def check_seeds(seeds: int | None) -> None:
    """Check that the number of repetitions, if one is given, is 1 or more.

    Raises:
        UsageError: it is below 1.
    """
    if seeds is not None and seeds < 1:
        raise UsageError(f"--seeds {seeds} asks for no repetition", "give 1 or more")


def resolve(
    registry: Registry,
    names: Sequence[str],
    overrides: Sequence[str],
    choices: Choices,
    *,
    device: str = "cpu",
    precision: str = "fp32",
    store: Store | None = None,
) -> list[ModelRequest]:
    """Validated requests for ``NAME`` or ``LABEL=NAME``, with ``LABEL.KEY=VALUE`` overrides.

    Weights of a job bring the options, the recipe and the saliency provider with which the job
    fitted them; ``store`` holds such jobs.

    Raises:
        UnknownNameError: a model or an option has an unknown name.
        UsageError: a label is used twice, an override does not apply, or a value does not fit.
        MissingDependencyError: an optional library is missing.
    """
    log = None if choices.log is None else log_place(choices.log)
    labelled = _labelled(names)
    values = _overrides(overrides, labelled)
    if choices.saliency is not None:
        registry.provider(choices.saliency)
    return [
        replace(
            _request(label, registry, registry.model(name), values[label], choices, store),
            device=device,
            precision=precision,
            log=log,
        )
        for label, name in labelled.items()
    ]


def _labelled(names: Sequence[str]) -> dict[str, str]:
    labelled: dict[str, str] = {}
    for text in names:
        label, equals, name = text.partition("=")
        label, name = label.strip(), (name if equals else label).strip()
        if not label or not name:
            raise UsageError(f"--models has an empty name in '{text}'", "write NAME or LABEL=NAME")
        if label in labelled:
            raise UsageError(f"two models are called '{label}'", "label them: a=NAME,b=NAME")
        labelled[label] = name
    if not labelled:
        raise UsageError("no models named", "`iqabench models` lists them")
    return labelled


def _overrides(texts: Sequence[str], labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {label: {} for label in labels}
    for text in texts:
        path, equals, value = text.partition("=")
        # A label may contain dots, so the longest label that fits is taken.
        fitting = [label for label in labels if path.startswith(label + ".")]
        if not equals or not fitting:
            if "." in path and equals:
                raise UnknownNameError("model in --set", path.partition(".")[0], labels)
            raise UsageError(
                f"--set {text} is not NAME.KEY=VALUE", "as in --set biosiqnet-lite.threshold=100"
            )
        label = max(fitting, key=len)
        key = path[len(label) + 1 :].strip()
        found[label].pop(key, None)  # the last of one key counts, in its own place among the others
        found[label][key] = value.strip()
    return found


def _request(
    label: str,
    registry: Registry,
    card: ModelCard,
    overrides: Mapping[str, Any],
    choices: Choices,
    store: Store | None,
) -> ModelRequest:
    require(card)
    start = starting(registry, card, choices, store)
    from_job = start.weights.startswith(PREFIX)
    tiny = card.tiny if choices.tiny and not from_job else {}
    values = {**{key: value for key, value in tiny.items() if key not in overrides}, **overrides}
    recipe = {key[7:]: value for key, value in values.items() if key.startswith("recipe.")}
    options = {key: value for key, value in values.items() if not key.startswith("recipe.")}
    learnt = start.provider
    return ModelRequest(
        label=label,
        card=card,
        options=_options(label, card, options, start.options),
        recipe=_recipe(label, card, recipe, start.recipe),
        weights=start.weights,
        weights_hash=start.weights_hash,
        saliency=(learnt or registry.provider(choices.saliency or card.saliency_default))
        if card.saliency != "none"
        else None,
        allow_truncated=choices.allow_truncated,
        skip_unreadable=choices.skip_unreadable,
        compile=choices.compile and kind_of(card).has_recipe,
        saliency_named=choices.saliency is not None or learnt is not None,
        recipe_name=start.recipe_name.rstrip("*") + "*"
        if recipe and start.recipe_name != NONE
        else start.recipe_name,
    )


def _options(
    label: str, card: ModelCard, values: Mapping[str, Any], start: Mapping[str, Any]
) -> BaseModel | None:
    if card.options is None:
        if values:
            raise UsageError(
                f"'{label}' has no option '{next(iter(values))}'", f"{card.name} takes none"
            )
        return None
    model: type[BaseModel] = load(card.options)
    known(model, values, label)
    has_init = "init" in model.model_fields  # --init reaches every model of a run
    begun = {key: value for key, value in start.items() if has_init or key != "init"}
    given = {key: parsed(model, key, value) for key, value in values.items()}
    try:
        return model.model_validate({**begun, **given})
    except ValidationError as error:
        raise misfit(f"--set {label}.", error, _shown(card)) from error


def _recipe(label: str, card: ModelCard, values: Mapping[str, Any], start: Recipe) -> Recipe:
    if values and not kind_of(card).has_recipe:
        raise UsageError(f"'{label}' has no recipe", f"{card.name} is no network")
    plain = start.model_dump()
    for key, value in values.items():
        head, _, rest = key.partition(".")
        if key in Stage.model_fields:  # recipe.epochs=2 means every stage
            for stage in plain["stages"]:
                stage[key] = parsed(Stage, key, value)
        elif head == "stages" and rest.partition(".")[0].isdigit():
            number, _, name = rest.partition(".")
            if int(number) >= len(plain["stages"]) or name not in Stage.model_fields:
                raise UsageError(
                    f"no such recipe key: {key}",
                    f"{label} has stages 0 to {len(plain['stages']) - 1}",
                )
            plain["stages"][int(number)][name] = parsed(Stage, name, value)
        elif head == "loss_weights" and rest:
            plain["loss_weights"][rest] = value
        elif key in Recipe.model_fields and key != "stages":
            plain[key] = parsed(Recipe, key, value)
        else:
            keys = [*Recipe.model_fields, *Stage.model_fields]
            raise UnknownNameError(f"recipe key of '{label}'", key, keys)
    try:
        return Recipe.model_validate(plain)
    except ValidationError as error:
        raise misfit(f"--set {label}.recipe.", error, _shown(card)) from error


def _shown(card: ModelCard) -> str:
    """Where a user reads what an option takes."""
    return f"`iqabench models {card.name}` shows what each option takes"
