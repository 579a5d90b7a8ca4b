"""``iqabench run``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import iqabench
from iqabench.cli.configured import config_option
from iqabench.cli.options import (
    Device,
    MappingName,
    Precision,
    catalog_option,
    chosen,
    counted,
    device_options,
    emit,
    emit_table,
    exclude_shared_option,
    mapping_option,
    session,
    split_option,
    store_option,
    table_options,
    training_options,
    truncated_option,
)
from iqabench.cli.spreading import spread_options
from iqabench.report.tables import Row, part_text, records, visible

if TYPE_CHECKING:
    from iqabench import Plan, PlannedJob, Results, Session


@click.command("run")
@config_option
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
@split_option
@click.option(
    "--test-share",
    type=float,
    metavar="SHARE",
    help="Share of contents that a hold-out tests [default: the set's own, mostly 0.2].",
)
@click.option(
    "--validation-share",
    type=float,
    metavar="SHARE",
    help="Share of contents that choose the epoch [default: the set's own, mostly 0.1].",
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
    help="Override an option, or NAME.recipe.KEY; repeatable, the last of one key counts.",
)
@click.option("--dry-run", is_flag=True, help="Print the jobs and make none.")
@exclude_shared_option
@mapping_option
@training_options
@truncated_option
@click.option(
    "--skip-unreadable",
    is_flag=True,
    help="Leave pictures that cannot be read out of training; else the fit fails.",
)
@device_options
@spread_options
@click.option(
    "--compile", is_flag=True, help="Compile networks with torch.compile, in training and testing."
)
@click.option(
    "--log",
    metavar="tensorboard[:DIR]|mlflow[:URI]",
    help="Also log the epochs of networks' fits there.",
)
@store_option
@catalog_option
@table_options
def command(
    models: str,
    datasets: tuple[str, ...],
    seeds: int | None,
    split: str | None,
    test_share: float | None,
    validation_share: float | None,
    weights: str,
    init: str,
    recipe: Literal["own", "common"],
    overrides: tuple[str, ...],
    exclude_shared: bool,
    mapping: MappingName,
    tiny: bool,
    saliency: str | None,
    device: Device,
    precision: Precision,
    dry_run: bool,
    quiet: bool,
    allow_truncated: bool,
    skip_unreadable: bool,
    compile: bool,
    log: str | None,
    store: Path | None,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Fit and test models under one protocol; print the leaderboard.

    Jobs whose results the store holds are not made again.
    \f
    The function is long because it has a parameter for each option.
    """
    with_these = session(
        catalog=catalog, store=store, device=device, precision=precision, quiet=quiet
    )
    asked: dict[str, Any] = {
        "seeds": seeds,
        "split": split,
        "test_share": test_share,
        "validation_share": validation_share,
        "set": overrides,
        "choices": iqabench.Choices(
            weights, init, saliency, tiny, allow_truncated, recipe, skip_unreadable, log, compile
        ),
        "session": with_these,
    }
    names = models.split(",")
    if dry_run:
        rows = _planned(iqabench.plan(names, datasets, **asked), with_these)
        emit(rows, form, output, notes=_absent(rows))
        return
    shown = {"mapping": mapping, "exclude_shared": exclude_shared}
    results = iqabench.run(names, datasets, **asked, shown=shown)
    finish(results, exclude_shared, mapping, form=form, output=output, quiet=quiet)


def finish(
    results: Results,
    exclude_shared: bool,
    mapping: MappingName,
    *,
    form: str | None,
    output: Path | None,
    quiet: bool,
) -> None:
    """Print the leaderboard of a run and what it made; the exit code is 1 if a job failed."""
    table = results.tables.leaderboard(
        exclude_shared=exclude_shared, form=chosen(form, output), mapping=mapping
    )
    emit_table(table, form, output)
    if not quiet:
        if len(table.frame) > 1:
            _print_differences(results, exclude_shared)
        _print_outcome(results)
    if results.outcome is not None and results.outcome.failed:
        raise click.exceptions.Exit(1)


def _planned(made: Plan, with_these: Session) -> list[dict[str, Any]]:
    """Print the remarks of a plan; returns its jobs."""
    for line in made.remarks:
        click.echo(line, err=True)
    rows = [_row(job) for job in iqabench.planned(made, session=with_these)]
    whole = any(row["download"] for row in rows)
    return [row if whole else _without_download(row) for row in rows]


def _absent(rows: Sequence[Row]) -> list[str]:
    """What a run downloads before its first job, if anything."""
    files = dict.fromkeys(file for row in rows if (file := row.get("download")))
    if not files:
        return []
    return [f"not on this machine: {', '.join(files)}; a run downloads this before its first job"]


def _row(job: PlannedJob) -> dict[str, Any]:
    estimate = "unknown" if job.estimate is None else f"{job.estimate:.0f} s"
    return {**vars(job), "estimate": estimate}


def _without_download(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "download"}


def _told(row: Row) -> str:
    """A difference with its interval and contents; ``-`` and the reason where it has none."""
    if row["difference"] != row["difference"]:
        return f"- ({row['undefined']})"
    if row["low"] != row["low"]:
        return f"{row['difference']:+.3f} [-] ({row['undefined']})"
    contents = f"{row['contents']} content{'s' if row['contents'] != 1 else ''}"
    return f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] over {contents}"


def _print_differences(results: Results, exclude_shared: bool) -> None:
    """Print each pair's difference in SROCC."""
    for row in records(results.differences(exclude_shared=exclude_shared)):
        part = part_text(row)
        both = f", the {part} that both scored" if part else ""
        line = f"{row['a']} - {row['b']} on {row['test']}: SROCC {_told(row)}{both}"
        click.echo(visible(line), err=True)


def _print_outcome(results: Results) -> None:
    """Print the numbers of made, failed and reused jobs."""
    outcome = results.outcome
    if outcome is not None:
        failed = f", {len(outcome.failed)} failed" if outcome.failed else ""
        click.echo(
            f"{counted(outcome.made, 'job')} made{failed}, {outcome.reused} reused; "
            f"results in {results.store.root}",
            err=True,
        )
