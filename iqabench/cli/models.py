"""``iqabench models``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iqabench.cli.options import emit, table_options


@click.command("models")
@click.argument("name", required=False)
@table_options
def command(name: str | None, form: str | None, output: Path | None) -> None:
    """List the models, or show the card and options of one."""
    from iqabench.registry import registry

    if name is not None:
        emit(_details(name), form, output)
        return
    shelf = registry().models
    emit(
        [_row(card, shelf.plugins[card.name]) for _, card in sorted(shelf.cards.items())],
        form,
        output,
    )


def _row(card: Any, plugin: str) -> dict[str, Any]:
    from iqabench.registry import installed

    return {
        "model": card.name,
        "kind": card.kind + (" (full reference)" if card.full_reference else ""),
        "saliency": card.saliency,
        "plugin": plugin,
        "ready": "yes" if installed(card) else f"pip install 'iqabench[{card.extra}]'",
        "licence": card.licence,
        "summary": card.summary,
    }


def _details(name: str) -> list[dict[str, Any]]:
    from iqabench.registry import load, registry, require

    card = registry().model(name)
    plain = card.model_dump(mode="json", exclude={"recipe", "options", "tiny", "studies"})
    rows = [{"key": key, "value": value} for key, value in plain.items() if value not in ("", [])]
    rows += [
        {"key": f"study {study}", "value": ", ".join(labels)}
        for study, labels in card.studies.items()
    ]
    if card.options is not None:
        require(card)
        for key, field in load(card.options).model_fields.items():
            default = card.defaults.get(key, field.default)
            rows.append({"key": f"--set {name}.{key}", "value": default})
    if card.kind == "trainable":
        recipe = card.recipe.model_dump(mode="json")
        rows += [
            {"key": f"--set {name}.recipe.{key}", "value": value} for key, value in recipe.items()
        ]
    return rows
