"""Descriptions of this installation: models, options, versions, folders, weights and plugins."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.api.session import Session, in_use

if TYPE_CHECKING:
    from pydantic import BaseModel

    from iqabench.contract.cards import ModelCard, WeightsCard

Row = dict[str, Any]
LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "scipy",
    "scikit-learn",
    "pillow",
    "lightning",
    "pyiqa",
)
"""Libraries whose versions are shown."""


def list_models(*, session: Session | None = None) -> list[Row]:
    """A row for every model.

    ``ready`` says whether it runs at once: ``yes``, the command that installs a library, or that
    weights are to be downloaded or not here. ``weights`` says the same of published weights.
    """
    shelf = in_use(session).registry.models
    return [_model(card, shelf.plugins[card.name]) for _, card in sorted(shelf.cards.items())]


def describe_model(name: str, *, session: Session | None = None) -> list[Row]:
    """The card, options and recipe of a model, as rows of ``key``, ``value`` and ``meaning``.

    Of an option, ``value`` is the default and ``meaning`` says what it takes and does.

    Raises:
        UnknownNameError: no plugin registered a model of this name.
        MissingDependencyError: the model needs an optional library that is not installed.
    """
    from iqabench.protocols.kinds import kind_of
    from iqabench.registry import lacking, load, require

    card = in_use(session).registry.model(name)
    told = {"recipe", "options", "tiny", "studies", "weights", "needs"}
    plain = card.model_dump(mode="json", exclude=told)
    rows = [_fact(key, value) for key, value in plain.items() if value not in ("", [], {}, None)]
    rows += [_fact(f"weights {one.name}", _told(one)) for one in card.weights]
    rows += [_fact(f"needs {one.name}", _told(one)) for one in card.needs]
    rows += [_fact(f"study {study}", ", ".join(labels)) for study, labels in card.studies.items()]
    if card.options is not None:
        if lacking(card) == card.requires:  # other libraries are not needed to read options
            require(card)
        options: type[BaseModel] = load(card.options)
        plain = {key: field.default for key, field in options.model_fields.items()}
        rows += _settings(f"--set {card.name}.", options, plain | card.defaults)
    if kind_of(card).has_recipe:
        recipe = card.recipe.model_dump(mode="json")
        rows += _settings(f"--set {card.name}.recipe.", type(card.recipe), recipe)
    return rows


def _fact(key: str, value: Any, meaning: str = "") -> Row:
    return {"key": key, "value": value, "meaning": meaning}


def _told(card: WeightsCard) -> str:
    """A file of weights in words."""
    from iqabench.kit.weights import download_text

    trained = f", trained on {', '.join(card.trained_on)}" if card.trained_on else ""
    licence = f", {card.licence}" if card.licence else ""
    return f"{card.filename}{download_text(card.size)}{licence}{trained}"


def _settings(prefix: str, model: type[BaseModel], values: Mapping[str, Any]) -> list[Row]:
    """A row for each field: its value, what it takes, and what it means."""
    from iqabench.api.option_words import meanings, takes

    taken, meant = takes(model), meanings(model)
    return [
        _fact(prefix + key, value, ". ".join(filter(None, (taken.get(key), meant.get(key)))))
        for key, value in values.items()
    ]


def versions() -> Mapping[str, str]:
    """Versions of iqabench and of the libraries it computes with; nothing is imported."""
    from iqabench.store.fingerprints import package_version

    return {name: package_version(name) for name in ("iqabench", *LIBRARIES)}


def describe_machine(*, session: Session | None = None) -> list[Row]:
    """Versions, device, folders, weights and plugins of this machine.

    Each row has ``what``, ``value`` and ``remark``. For a plugin that failed to load, ``remark``
    is the error.
    """
    session = in_use(session)
    return [
        _row("python", platform.python_version(), platform.platform()),
        *(_row(name, version) for name, version in versions().items()),
        _row("device", session.device),
        *_processors(),
        *_folders(),
        *_weights(session),
        *_plugins(session),
    ]


def _model(card: ModelCard, plugin: str) -> Row:
    return {
        "model": card.name,
        "kind": card.kind + (" (full reference)" if card.full_reference else ""),
        "saliency": card.saliency,
        "plugin": plugin,
        "ready": _ready(card),
        "weights": _published(card),
        "licence": card.licence,
        "summary": card.summary,
    }


def _ready(card: ModelCard) -> str:
    """Whether ``run`` works at once: ``yes``, or what is lacking; no server is asked."""
    from iqabench.registry import install_command, lacking

    if lacking(card):
        return install_command(card)
    needed = (*card.needs, *(() if card.trains else card.weights))
    return _lack(needed) or "yes"


def _published(card: ModelCard) -> str:
    """Where published weights are: ``here``, ``to download`` or ``not here``; or ``none``."""
    from iqabench.protocols.kinds import kind_of

    published = kind_of(card).published(card)
    return _lack(published).removeprefix("weights ") or "here" if published else "none"


def _lack(files: Sequence[WeightsCard]) -> str:
    """What is not on this machine, with its size if the cards know it; empty if all files are."""
    from iqabench.kit.weights import download_text, is_here

    absent = [card for card in files if not is_here(card)]
    if any(not card.url for card in absent):
        return "weights not here"
    size = sum(card.size for card in absent) if all(card.size for card in absent) else 0
    return f"weights to download{download_text(size)}" if absent else ""


def _row(what: str, value: Any, remark: str = "") -> Row:
    return {"what": what, "value": str(value), "remark": remark}


def _processors() -> list[Row]:
    """What was decided on processors, threads and waiting, and by whom."""
    from iqabench.kit.processors import THREADS, WAITING, allowance, threads, users_threads

    found = allowance()
    who = f"your ${THREADS}" if users_threads() else "as many as processors"
    active = [name for name in WAITING if os.environ.get(name) != WAITING[name]]
    waiting = f"not all sleep: you set {', '.join(active)}" if active else "they sleep"
    return [
        _row("processors", found.cores, found.text),
        _row("threads of a job", threads(), who),
        _row("waiting threads", "active" if active else "passive", waiting),
    ]


def _folders() -> list[Row]:
    from iqabench.catalog import shipped_catalog, user_catalog
    from iqabench.data.cache_limit import folder, usage
    from iqabench.kit.places import cache_dir, weights_dir

    cache = cache_dir()
    held, bound = usage()
    return [
        _row("cache", cache, _size(cache)),
        _row("decoded pictures", folder(), f"{held / 1e9:.1f} GB; at most {bound / 1e9:.1f} GB"),
        _row("weights", weights_dir(), _size(weights_dir())),
        _row("shipped catalogue", shipped_catalog()),
        _row("your catalogue", user_catalog(), "" if user_catalog().exists() else "not there"),
    ]


def _size(folder: Path) -> str:
    if not folder.is_dir():
        return "not there"
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{total / 2**20:.0f} MiB"


def _weights(session: Session) -> list[Row]:
    """A row for each file of weights in the weights folder, and one row that counts the others."""
    from iqabench.kit.places import weights_dir

    models: dict[str, list[str]] = {}
    for model in session.registry.models.cards.values():
        for weights in model.weights:
            models.setdefault(weights.filename, []).append(model.name)
    found = [name for name in models if (weights_dir() / name).exists()]
    absent = len(models) - len(found)
    return [
        *(_row(f"weights {name}", ", ".join(models[name]), "found") for name in found),
        _row("other weights", f"{absent} files", "`iqabench models NAME` names a model's"),
    ]


def _plugins(session: Session) -> list[Row]:
    found = session.registry
    return [_row(f"plugin {name}", module, "loaded") for name, module in found.plugins.items()] + [
        _row(f"plugin {name}", "FAILED", why) for name, why in found.failures.items()
    ]
