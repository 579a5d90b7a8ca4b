"""``iqabench diff``."""

from __future__ import annotations

from pathlib import Path

import click

from iqabench.cli.options import emit, store_option, table_options


@click.command("diff")
@click.argument("a")
@click.argument("b")
@store_option
@table_options
def command(a: str, b: str, store: Path | None, form: str | None, output: Path | None) -> None:
    """Show what two results were made from, where that differs, and the SROCC of each.

    A and B are jobs, evaluations or configurations, by the beginning of their hashes, or models by
    their labels; MODEL@TEST where a model has several test sets.
    """
    from iqabench import api

    found = api.diff(a, b, store)
    srocc = ("-" if value != value else f"{value:.4f}" for value in found.srocc)
    rows = [
        *(
            {str(key): value for key, value in row.items()}
            for row in found.table.to_dict("records")
        ),
        dict(zip(("field", "a", "b"), ("SROCC", *srocc), strict=True)),
    ]
    notes = [
        f"a: {found.a}",
        f"b: {found.b}",
        f"{len(found.table)} fields differ, {found.equal} are equal",
    ]
    emit(rows, form, output, notes=notes)
