"""``iqabench saliency list``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit, table_options


@click.command("list")
@table_options
def command(form: str | None, output: Path | None) -> None:
    """List the saliency providers, their options, training data and licences."""
    from iqabench.registry import options_of, registry

    emit(
        [
            {
                "provider": card.name,
                "options": " ".join(options_of(card)),
                "trained on": card.trained_on,
                "licence": card.licence,
                "summary": card.summary,
            }
            for _, card in sorted(registry().saliency.cards.items())
        ],
        form,
        output,
    )
