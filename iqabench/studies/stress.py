"""Measures how far a model's scores move under changes that matter little or should not matter.

The split stays the same. The model is trained again from other seeds. Each fitted model predicts
again with other numbers of crops, in another precision, on another device, and from larger and
smaller pictures. The changes that should not matter give the model's noise band: see
:mod:`iqabench.report.noise`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.api.running import DEFAULT_DATASETS, plan
from iqabench.api.session import Session, in_use, listed
from iqabench.engine.device import pick
from iqabench.engine.execute import Outcome, execute, keep
from iqabench.protocols.choices import Choices
from iqabench.protocols.plan import Evaluation, Plan, PredictJob, with_model
from iqabench.protocols.requests import ModelRequest, check_seeds
from iqabench.report import canvas, noise
from iqabench.report.tables import Table, records
from iqabench.store import Store
from iqabench.store.records import StressChange, StressRecord

if TYPE_CHECKING:
    import pandas as pd

SEEDS = 3
CROPS = (1, 4, 9, 16, 25)
SCALES = (0.5, 0.71, 1.41, 2.0)
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Stress:
    """The stress study of a model on one test set."""

    table: pd.DataFrame
    """A row per change, with the test set in the column ``test``; see docs/tables.md."""
    band: noise.Band
    """The lowest and the highest SROCC over changes that should not matter."""
    test: str
    """Name of the test set."""
    labels: str
    """``human`` or ``proxy``."""
    figure: Path
    """The file of the drawing."""

    @property
    def shown(self) -> Table:
        """The rows with their necessary footnotes."""
        notes = noise.notes(self.test, self.band, self.labels)
        return Table(self.table, records(self.table), notes)


@dataclass(frozen=True)
class _Change:
    name: str
    immaterial: bool
    model: ModelRequest
    seed: int = 0


def stress(
    model: str,
    datasets: str | Sequence[str] = DEFAULT_DATASETS,
    *,
    seeds: int | None = None,
    split: str | None = None,
    set: str | Sequence[str] = (),
    choices: Choices | None = None,
    session: Session | None = None,
) -> tuple[list[Stress], Outcome]:
    """Run a stress study of a model; arguments as for :func:`iqabench.run`.

    ``seeds`` is the number of training seeds, 3 by default. The split is that of seed 0, or
    the named one; if the protocol has folds, all folds of seed 0 are used. ``set`` holds
    ``KEY=VALUE`` overrides. The study is kept in the store, where it replaces an earlier study of
    the same model configuration on the same sets.

    Returns:
        One study for each test set, and the numbers of made, reused and failed jobs.

    Raises:
        IqabenchError: as for :func:`iqabench.run`.
    """
    check_seeds(seeds)
    session = in_use(session)
    kept = session.writable_store()
    overrides = [f"{model}.{override}" for override in listed(set)]
    made = plan(
        [model], datasets, seeds=1, split=split, set=overrides, choices=choices, session=session
    )
    for line in made.skipped:
        session.watch.say(f"not applicable: {line}")
    kept.prepare()
    keep(made.evaluations, kept)
    parts: dict[tuple[str, str], list[Evaluation]] = {}
    for evaluation in made.evaluations:
        parts.setdefault((evaluation.train, evaluation.test.name), []).append(evaluation)
    studied = [(same, _changed(same, seeds or SEEDS)) for same in parts.values()]
    jobs = {
        job.fingerprint: job
        for _, changes in studied
        for _, predicts in changes
        for predict in predicts
        for job in (predict.fit, predict)
        if job is not None
    }
    outcome = execute(Plan((), (), tuple(jobs.values())), kept, session.watch, session.executor)
    return [_study(kept, same, changes) for same, changes in studied], outcome


Changed = list[tuple[_Change, list[PredictJob]]]


def _changed(parts: Sequence[Evaluation], seeds: int) -> Changed:
    """Every change with its predict jobs, one for each tested part."""
    changes = list(_changes(parts[0].model, seeds))
    return [
        (change, [with_model(part.predict, change.model, change.seed) for part in parts])
        for change in changes
    ]


def _changes(model: ModelRequest, seeds: int) -> Iterator[_Change]:
    yield _Change(AS_IT_IS, True, model)
    if model.trains:
        for seed in range(1, seeds):
            yield _Change(f"trained from seed {seed}", True, model, seed)
    recipe = model.recipe
    if model.kind.has_recipe:
        if recipe.crop is not None and recipe.test_crop_kind != "whole":
            for count in CROPS:
                if count != recipe.test_crops:
                    changed = recipe.model_copy(update={"test_crops": count})
                    # Fewer crops leave parts of a picture out, which may matter.
                    whole = count > recipe.test_crops
                    name = "1 crop" if count == 1 else f"{count} crops"
                    yield _Change(name, whole, replace(model, recipe=changed))
        precision = "bf16" if model.precision == "fp32" else "fp32"
        yield _Change(precision, True, replace(model, precision=precision))
        for device in sorted({pick("auto"), "cpu"} - {model.device}):
            yield _Change(f"on {device}", True, replace(model, device=device))
    for scale in SCALES:
        yield _Change(f"pictures x {scale:g}", False, replace(model, scale=scale))


def _study(store: Store, parts: Sequence[Evaluation], changes: Changed) -> Stress:
    plain = parts[0].record()
    record = StressRecord(
        label=plain.label,
        direction=plain.direction,
        labels=plain.labels,
        protocol=plain.protocol,
        config=plain.config,
        train=plain.train,
        test=plain.test,
        test_hash=plain.test_hash,
        changes=tuple(
            StressChange(
                name=change.name,
                immaterial=change.immaterial,
                predict=tuple(predict.fingerprint for predict in predicts),
            )
            for change, predicts in changes
        ),
    )
    store.save_stress(record)
    table = noise.table(store, record)
    band = noise.band(table)
    names = dict.fromkeys((record.label, record.train, record.test))
    figure = (
        store.root / "figures" / f"stress-{'-'.join(name for name in names if name != '-')}.png"
    )
    proxy = " (proxy labels)" if record.labels == "proxy" else ""
    draw(table, band, figure, f"{record.label} on {record.test}{proxy}")
    table.insert(0, "test", record.test)
    return Stress(table, band, record.test, record.labels, figure)


def draw(table: pd.DataFrame, band: noise.Band, path: Path, title: str) -> None:
    """Draw each change's SROCC with the noise band, and its agreement with the unchanged model."""
    figure = canvas.figure(canvas.PAGE, 1.2 + 0.2 * len(table))
    left, right = figure.subplots(1, 2, sharey=True)
    places = range(len(table) - 1, -1, -1)
    colours = [canvas.BLUE if counts else canvas.GREY for counts in table["immaterial"]]
    left.axvspan(band.low, band.high, color=canvas.BLUE, alpha=0.12, lw=0)
    for axes, column in ((left, "srocc"), (right, "agreement")):
        axes.scatter(table[column], list(places), c=colours, s=28, zorder=2)
        axes.grid(alpha=0.3)
    left.set_yticks(list(places), table["change"])
    left.set_xlabel("SROCC with the labels\n(shaded: noise band, the range of the blue ones)")
    right.set_xlabel("SROCC with the predictions\nof the model as it is")
    for axes in (left, right):
        axes.tick_params(labelsize=canvas.SMALL)
        axes.xaxis.label.set_size(canvas.SMALL)
    canvas.head(figure, title)
    canvas.save(figure, path)
