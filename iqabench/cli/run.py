"""``iqabench run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import iqabench
from iqabench.cli.options import (
    Device,
    Precision,
    catalog_option,
    chosen,
    device_options,
    emit,
    emit_table,
    exclude_shared_option,
    session,
    store_option,
    table_options,
    training_options,
    truncated_option,
)
from iqabench.report.tables import part_text, records

if TYPE_CHECKING:
    from iqabench import PlannedJob, Results


@click.command("run")
@click.option(
    "--models",
    default="biosiqnet-lite,brisque",
    show_default=True,
    metavar="NAMES",
    help="Comma-separated; LABEL=NAME names a variant.",
)
@click.option(
    "--datasets",
    multiple=True,
    default=("demo",),
    show_default=True,
    metavar="SETS",
    help="live,csiq splits each within itself; kadid:live,csiq trains on kadid and tests "
    "on the others. Repeat the option to mix.",
)
@click.option(
    "--split",
    metavar="WHICH",
    help="official, the published split, or a FILE of `iqabench datasets splits export`.",
)
@click.option(
    "--weights",
    default="train",
    show_default=True,
    metavar="WHICH",
    help="train, published, FILE or job:ID.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME.KEY=VALUE",
    help="Override an option, or NAME.recipe.KEY; repeatable.",
)
@click.option("--dry-run", is_flag=True, help="Print the jobs and make none.")
@exclude_shared_option
@training_options
@truncated_option
@device_options
@store_option
@catalog_option
@table_options
def command(
    models: str,
    datasets: tuple[str, ...],
    seeds: int | None,
    split: str | None,
    weights: str,
    init: str,
    recipe: Literal["own", "common"],
    overrides: tuple[str, ...],
    exclude_shared: bool,
    tiny: bool,
    saliency: str | None,
    device: Device,
    precision: Precision,
    dry_run: bool,
    quiet: bool,
    allow_truncated: bool,
    store: Path | None,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Fit and test models under one protocol; print the leaderboard.

    Jobs whose results the store holds are not made again.
    """
    with_these = session(
        catalog=catalog, store=store, device=device, precision=precision, quiet=quiet
    )
    asked: dict[str, Any] = {
        "seeds": seeds,
        "split": split,
        "set": overrides,
        "choices": iqabench.Choices(weights, init, saliency, tiny, allow_truncated, recipe),
        "session": with_these,
    }
    names = models.split(",")
    if dry_run:
        made = iqabench.plan(names, datasets, **asked)
        emit([_row(job) for job in iqabench.planned(made, session=with_these)], form, output)
        return
    results = iqabench.run(names, datasets, **asked)
    table = results.tables.leaderboard(exclude_shared=exclude_shared, form=chosen(form, output))
    emit_table(table, form, output)
    if not quiet:
        _print_differences(results, exclude_shared)
    if results.outcome is not None and results.outcome.failed:
        raise click.exceptions.Exit(1)


def _row(job: PlannedJob) -> dict[str, Any]:
    estimate = "unknown" if job.estimate is None else f"{job.estimate:.0f} s"
    return {**vars(job), "estimate": estimate}


def _print_differences(results: Results, exclude_shared: bool) -> None:
    """Print each pair's difference in SROCC and the numbers of made, failed and reused jobs."""
    for row in records(results.differences(exclude_shared=exclude_shared)):
        part = part_text(row)
        click.echo(
            f"{row['a']} - {row['b']} on {row['test']}: SROCC {row['difference']:+.3f} "
            f"[{row['low']:+.3f}, {row['high']:+.3f}] over {row['contents']} contents"
            + (f", the {part} that both scored" if part else ""),
            err=True,
        )
    outcome = results.outcome
    if outcome is not None:
        failed = f", {len(outcome.failed)} failed" if outcome.failed else ""
        click.echo(
            f"{outcome.made} jobs made{failed}, {outcome.reused} reused; "
            f"results in {results.store.root}",
            err=True,
        )
