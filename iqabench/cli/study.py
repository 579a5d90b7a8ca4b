"""``iqabench study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from iqabench.engine.execute import Outcome
    from iqabench.studies.stress import Stress

from iqabench.cli.options import (
    catalog_option,
    device_options,
    emit,
    store_option,
    table_options,
    training_options,
    watcher,
)
from iqabench.contract.errors import UsageError
from iqabench.report.tables import records


@click.command("study")
@click.argument("study", metavar="STUDY")
@click.argument("argument", metavar="[MODEL]", required=False)
@click.option("--model", metavar="NAME", help="MODEL by name [default: biosiqnet-lite].")
@click.option(
    "--datasets",
    "--dataset",
    multiple=True,
    default=("demo",),
    show_default=True,
    metavar="SETS",
    help="As of `iqabench run`.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override an option of all variants, or recipe.KEY; repeatable.",
)
@click.option(
    "--providers",
    metavar="NAME,...",
    help="Of the study of saliency [default: readout,spectral-residual,center,uniform,shuffled].",
)
@training_options
@device_options
@store_option
@catalog_option
@table_options
def command(
    study: str,
    argument: str | None,
    model: str | None,
    datasets: tuple[str, ...],
    providers: str | None,
    seeds: int | None,
    init: str,
    recipe: Literal["own", "common"],
    overrides: tuple[str, ...],
    tiny: bool,
    saliency: str | None,
    quiet: bool,
    device: str,
    precision: str,
    store: Path | None,
    catalog: Path | None,
    form: str | None,
    output: Path | None,
) -> None:
    """Compare variants of a model on the same splits; `iqabench models NAME` lists its studies.

    STUDY is one of the model's, such as ablation, placement, threshold, backbone or loss-weights;
    saliency, which compares saliency providers; cost, which compares its size and speed with
    MANIQA's; or stress, which tells how far its SROCC moves when little or nothing that matters is
    changed.
    """
    from iqabench import api
    from iqabench.engine.device import pick
    from iqabench.report.tables import FEW_CONTENTS, PROXY
    from iqabench.studies import cost, stress, variants
    from iqabench.studies import saliency as maps

    if providers and study != "saliency":
        raise UsageError(
            f"the study '{study}' takes no --providers", "they are of `study saliency`"
        )
    if argument and model:
        raise UsageError(f"two models are named, {argument} and {model}", "leave one out")
    model = argument or model or "biosiqnet-lite"
    watch = watcher(quiet)
    choices = api.Choices("train", init, saliency, precision, pick(device), tiny, recipe=recipe)
    if study == "cost":
        rows = cost.compare(
            [model, "maniqa"], [f"{model}.{text}" for text in overrides], choices, watch=watch
        )
        emit(cost.with_ratios(rows, "maniqa"), form, output)
        return
    asked: dict[str, Any] = {
        "seeds": seeds,
        "set": overrides,
        "choices": choices,
        "store": store,
        "catalog": catalog,
        "watch": watch,
    }
    if study == "stress":
        _emit_stress(*stress.run(model, datasets, **asked), form, output)
        return
    if study == "saliency":
        named = providers.split(",") if providers else maps.PROVIDERS
        done = maps.run(model, datasets, named, **asked)
    else:
        done = variants.run(study, model, datasets, **asked)
    notes = [
        "intervals: 95%, percentile bootstrap over contents; too narrow with fewer than "
        f"{FEW_CONTENTS}"
    ]
    if (done.table["labels"] == "proxy").any():
        notes.append(PROXY)
    emit(records(done.table), form, output, notes=notes)
    click.echo(f"figure: {done.figure}", err=True)
    if done.results.outcome is not None and done.results.outcome.failed:
        raise click.exceptions.Exit(1)


def _emit_stress(
    found: list[Stress], outcome: Outcome, form: str | None, output: Path | None
) -> None:
    from iqabench.report.tables import stress_notes

    rows = [row for study in found for row in records(study.table)]
    emit(
        rows,
        form,
        output,
        notes=[
            line for study in found for line in stress_notes(study.test, study.band, study.labels)
        ],
    )
    for study in found:
        click.echo(f"figure: {study.figure}", err=True)
    if outcome.failed:
        raise click.exceptions.Exit(1)
