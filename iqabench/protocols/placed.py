"""Paths among the options of a run: found from the folder that they are relative to."""

from __future__ import annotations

import typing
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from iqabench.contract.errors import IqabenchError
from iqabench.options import named
from iqabench.protocols.job_weights import PREFIX
from iqabench.registry import Registry, load
from iqabench.store.run_records import RunOptions


def placed(options: RunOptions, base: Path, registry: Registry) -> RunOptions:
    """The options with absolute paths, ``~`` expanded; relative ones are relative to ``base``.

    A path inside ``set`` or ``saliency`` is changed only if something lies there, since a provider
    may look for it elsewhere, too. What cannot be read as an option stays, for the run to refuse.
    """
    changes: dict[str, Any] = {
        "set": tuple(_override(text, options.models, base, registry) for text in options.set),
        "plugin": tuple(_absolute(path, base) for path in options.plugin),
    }
    for name in ("catalog", "store"):
        if (path := getattr(options, name)) is not None:
            changes[name] = _absolute(path, base)
    if options.weights not in ("train", "published") and not options.weights.startswith(PREFIX):
        changes["weights"] = _absolute(options.weights, base)
    if options.split not in (None, "official"):
        changes["split"] = _absolute(options.split, base)
    if options.log is not None and options.log.startswith("tensorboard:"):
        changes["log"] = f"tensorboard:{_absolute(options.log.partition(':')[2], base)}"
    if options.saliency is not None:
        changes["saliency"] = _provider(options.saliency, base, registry)
    return options.model_copy(update=changes)


def _absolute(path: str, base: Path) -> str:
    return str((base / Path(path).expanduser()).absolute())


def _provider(text: str, base: Path, registry: Registry) -> str:
    """A saliency provider with its options."""
    try:
        card = registry.saliency.get(text.partition(":")[0].strip())
        permuted = card.kind == "permuted"
        name, given = named(text, rest="of" if permuted else "")
        model = load(card.options) if card.options is not None else None
    except IqabenchError:
        return text
    found = [name]
    for key, value in given.items():
        other = permuted and key == "of"
        value = _provider(value, base, registry) if other else _value(model, key, value, base)
        found.append(f"{key}={value}")
    return ":".join(found)


def _override(text: str, models: tuple[str, ...], base: Path, registry: Registry) -> str:
    """A ``LABEL.KEY=VALUE``."""
    path, equals, value = text.partition("=")
    labels = {}
    for model in models:
        label, _, name = model.partition("=")
        labels[label.strip()] = (name or label).strip()
    fitting = [label for label in labels if path.startswith(label + ".")]
    with suppress(IqabenchError):
        if equals and fitting:
            label = max(fitting, key=len)
            card = registry.models.get(labels[label])
            options = load(card.options) if card.options is not None else None
            return f"{path}={_value(options, path[len(label) + 1 :].strip(), value, base)}"
    return text


def _value(model: type[BaseModel] | None, key: str, value: str, base: Path) -> str:
    """The value of an option, absolute if it is a path and something lies there."""
    field = model.model_fields.get(key) if model is not None else None
    if field is None:
        return value
    annotation: Any = field.annotation
    if Path not in (annotation, *typing.get_args(annotation)):
        return value
    path = Path(_absolute(value.strip(), base))
    return str(path) if path.exists() else value
