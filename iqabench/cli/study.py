"""``iqabench study``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

import iqabench
from iqabench.cli.options import (
    Device,
    Precision,
    catalog_option,
    device_options,
    emit,
    session,
    split_option,
    store_option,
    table_options,
    training_options,
)
from iqabench.cli.spreading import spread_options
from iqabench.contract.errors import UsageError

if TYPE_CHECKING:
    from iqabench import Outcome, Stress


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
@split_option
@training_options
@device_options
@spread_options
@store_option
@catalog_option
@table_options
def command(
    study: str,
    argument: str | None,
    model: str | None,
    datasets: tuple[str, ...],
    providers: str | None,
    split: str | None,
    seeds: int | None,
    init: str,
    recipe: Literal["own", "common"],
    overrides: tuple[str, ...],
    tiny: bool,
    saliency: str | None,
    quiet: bool,
    device: Device,
    precision: Precision,
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
    \f
    The function is long because it has a parameter for each option.
    """
    model = _model(study, argument, model, providers)
    asked: dict[str, Any] = {
        "choices": iqabench.Choices(init=init, saliency=saliency, tiny=tiny, recipe=recipe),
        "session": session(
            catalog=catalog, store=store, device=device, precision=precision, quiet=quiet
        ),
    }
    if study == "cost":
        _refuse_unused("datasets", "split", "seeds", "init", "saliency")
        own = [f"{model}.{text}" for text in overrides]
        emit(iqabench.cost([model, "maniqa"], set=own, base="maniqa", **asked), form, output)
        return
    asked |= {"seeds": seeds, "split": split, "set": overrides}
    if study == "stress":
        _emit_stress(*iqabench.stress(model, datasets, **asked), form, output)
        return
    if study == "saliency":
        if providers:
            asked["providers"] = providers.split(",")
        done = iqabench.study_saliency(model, datasets, **asked)
    else:
        done = iqabench.study(study, model, datasets, **asked)
    emit(done.shown.rows, form, output, notes=done.shown.notes)
    _end([done.figure], done.results.outcome)


def _model(study: str, argument: str | None, option: str | None, providers: str | None) -> str:
    """The name of the studied model.

    Raises:
        UsageError: two models are named, or ``--providers`` is given for another study than
            saliency.
    """
    if providers and study != "saliency":
        raise UsageError(
            f"the study '{study}' takes no --providers", "they are of `study saliency`"
        )
    if argument and option:
        raise UsageError(f"two models are named, {argument} and {option}", "leave one out")
    return argument or option or "biosiqnet-lite"


def _refuse_unused(*options: str) -> None:
    """Refuse options of ``study`` that say what is learnt: the study of cost learns nothing.

    Raises:
        UsageError: one of them was given.
    """
    given = click.get_current_context().get_parameter_source
    for name in options:
        if given(name) is not click.core.ParameterSource.DEFAULT:
            hint = "it times networks with random weights on pictures of its own"
            raise UsageError(f"the study 'cost' takes no --{name}", hint)


def _emit_stress(
    found: list[Stress], outcome: Outcome, form: str | None, output: Path | None
) -> None:
    shown = [one.shown for one in found]
    rows = [row for table in shown for row in table.rows]
    emit(rows, form, output, notes=[note for table in shown for note in table.notes])
    _end([one.figure for one in found], outcome)


def _end(figures: list[Path], outcome: Outcome | None) -> None:
    """Print the figures' paths; exit with code 1 if a job failed."""
    for figure in figures:
        click.echo(f"figure: {figure}", err=True)
    if outcome is not None and outcome.failed:
        raise click.exceptions.Exit(1)
