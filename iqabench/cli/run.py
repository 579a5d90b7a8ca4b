"""``iqabench run``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from iqabench.cli.options import (
    catalog_option,
    device_options,
    emit,
    emit_leaderboard,
    exclude_shared_option,
    store_option,
    table_options,
    training_options,
    truncated_option,
    watcher,
)

if TYPE_CHECKING:
    from iqabench.api import Results
    from iqabench.engine.progress import Watcher
    from iqabench.protocols.plan import Plan


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
    device: str,
    precision: str,
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
    from iqabench import api
    from iqabench.engine.device import pick

    watch = watcher(quiet)
    asked: dict[str, Any] = {
        "seeds": seeds,
        "split": split,
        "set": overrides,
        "choices": api.Choices(
            weights, init, saliency, precision, pick(device), tiny, allow_truncated, recipe
        ),
    }
    names = models.split(",")
    if dry_run:
        made = api.plan(names, datasets, session=api.Session(catalog, watch), **asked)
        emit(_jobs(made, api.open_store(store)), form, output)
        return
    results = api.run(names, datasets, store=store, catalog=catalog, watch=watch, **asked)
    _print(results, exclude_shared, form, output, watch, quiet)
    if results.outcome is not None and results.outcome.failed:
        raise click.exceptions.Exit(1)


def _print(
    results: Results,
    exclude_shared: bool,
    form: str | None,
    output: Path | None,
    watch: Watcher,
    quiet: bool,
) -> None:
    from iqabench.report import tables

    emit_leaderboard(results, form, output, exclude_shared, watch)
    if quiet:
        return
    for row in tables.records(results.differences(exclude_shared, watch)):
        click.echo(
            f"{row['a']} - {row['b']} on {row['test']}: SROCC {row['difference']:+.3f} "
            f"[{row['low']:+.3f}, {row['high']:+.3f}] over {row['contents']} contents",
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


def _jobs(made: Plan, store: Any) -> list[dict[str, Any]]:
    from iqabench.engine.execute import title

    rows = []
    for job in made.jobs:
        known = store.job(job.fingerprint)
        names = job.split.train if job.kind == "fit" else job.contents
        images = len(job.dataset.rows_of(list(names))) if names else len(job.dataset.table)
        rows.append(
            {
                "job": job.fingerprint,
                "what": title(job),
                "images": images,
                "state": "-" if known is None else known.record["status"],
                "estimate": _estimate(job, store, images),
            }
        )
    return rows


def _estimate(job: Any, store: Any, images: int) -> str:
    """Time by the same model's finished jobs of that kind, where the store has one."""
    for known in store.jobs():
        fields = known.record["fields"]
        if (
            known.done
            and fields.get("kind") == job.kind
            and fields.get("model") == job.model.card.name
            and fields.get("recipe") == job.fields["recipe"]
            and known.record.get("images")
        ):
            seconds = known.record["seconds"] / known.record["images"] * images
            return f"{seconds:.0f} s"
    return "unknown"
