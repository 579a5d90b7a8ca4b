"""``iqabench datasets list``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import catalog_option, emit, table_options


@click.command("list")
@catalog_option
@table_options
def command(catalog: Path | None, form: str | None, output: Path | None) -> None:
    """List the data sets and where their files are sought."""
    from iqabench.catalog import Catalog
    from iqabench.registry import registry

    known = Catalog(registry(), catalog)
    rows = []
    for name in known.names():
        bound = known.get(name)
        registered = registry().datasets.cards.get(name)
        if bound.card is registered and not registered.images:
            continue  # a reader for users' sets, not a set
        rows.append(
            {
                "data set": name,
                "images": bound.card.images or None,
                "contents": bound.card.contents or None,
                "labels": bound.card.label_kind,
                "ready": "yes" if bound.is_there else "no",
                "root": str(bound.root) if bound.root else "not set",
                "title": bound.card.title,
            }
        )
    emit(rows, form, output)
