"""``iqabench diff``."""

from __future__ import annotations

from pathlib import Path

import click

import iqabench
from iqabench.cli.options import emit, session, store_option, table_options
from iqabench.report.tables import records


@click.command("diff")
@click.argument("a")
@click.argument("b")
@store_option
@table_options
def command(a: str, b: str, store: Path | None, form: str | None, output: Path | None) -> None:
    """Show the inputs in which two results differ, and the SROCC of each result.

    A and B each name a job, an evaluation or a configuration by the beginning of its hash, or a
    model by its label. Write MODEL@TEST if a model has several test sets.
    """
    found = iqabench.Results(session(store=store)).diff(a, b)
    srocc = ("-" if value != value else f"{value:.4f}" for value in found.srocc)
    last = dict(zip(("field", "a", "b"), ("SROCC", *srocc), strict=True))
    notes = [
        f"a: {found.a}",
        f"b: {found.b}",
        f"{len(found.table)} fields differ, {found.equal} are equal",
    ]
    if any(value != value for value in found.srocc):
        notes.append("SROCC -: nothing was scored, or all predictions are equal")
    emit([*records(found.table), last], form, output, notes=notes)
