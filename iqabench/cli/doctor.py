"""``iqabench doctor``."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import click

from iqabench.cli.options import emit, table_options


@click.command("doctor")
@table_options
def command(form: str | None, output: Path | None) -> None:
    """Report versions, devices, caches, weights, and plugins that failed to load and why."""
    rows = [*_versions(), *_devices(), *_folders(), *_weights(), *_plugins()]
    emit(rows, form, output)


def _row(what: str, value: Any, remark: str = "") -> dict[str, Any]:
    return {"what": what, "value": str(value), "remark": remark}


def _versions() -> list[dict[str, Any]]:
    from iqabench import api

    found = [_row("python", platform.python_version(), platform.platform())]
    return found + [_row(name, version) for name, version in api.versions().items()]


def _devices() -> list[dict[str, Any]]:
    from iqabench.engine.device import pick

    return [_row("device", pick("auto"), f"{os.cpu_count()} CPU cores")]


def _folders() -> list[dict[str, Any]]:
    from iqabench.catalog import shipped_catalog, user_catalog
    from iqabench.data.room import folder, usage
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


def _weights() -> list[dict[str, Any]]:
    """A row for each file that is there, and how many are not."""
    from iqabench.kit.places import weights_dir
    from iqabench.registry import registry

    models: dict[str, list[str]] = {}
    for model in registry().models.cards.values():
        for weights in model.weights:
            models.setdefault(weights.filename, []).append(model.name)
    found = [name for name in models if (weights_dir() / name).exists()]
    absent = len(models) - len(found)
    return [
        *(_row(f"weights {name}", ", ".join(models[name]), "found") for name in found),
        _row("other weights", f"{absent} files", "`iqabench models NAME` names a model's"),
    ]


def _plugins() -> list[dict[str, Any]]:
    from iqabench.registry import registry

    found = registry()
    return [_row(f"plugin {name}", module, "loaded") for name, module in found.plugins.items()] + [
        _row(f"plugin {name}", "FAILED", why) for name, why in found.failures.items()
    ]
