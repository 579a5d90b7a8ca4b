"""How far a model's scores move when little, or nothing that matters, is changed.

The split stays: training starts anew from other seeds, and each fitted model predicts again with
other numbers of crops, in another precision, on another device, and from larger and smaller
pictures. What should not matter gives the model's noise band: see :mod:`iqabench.report.noise`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench import api
from iqabench.engine.device import pick
from iqabench.engine.execute import Outcome, execute, keep_part
from iqabench.engine.progress import Silent, Watcher
from iqabench.protocols.plan import Evaluation, FitJob, Plan, PredictJob
from iqabench.protocols.requests import ModelRequest, check_seeds
from iqabench.report import canvas, noise
from iqabench.store import Store
from iqabench.store.fingerprints import digest

if TYPE_CHECKING:
    import pandas as pd

SEEDS = 3
CROPS = (1, 4, 9, 16, 25)
SCALES = (0.5, 0.71, 1.41, 2.0)
AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Stress:
    """What was found about a model on one test set."""

    table: pd.DataFrame
    """As of :func:`iqabench.report.noise.table`, after a column ``test``."""
    band: noise.Band
    test: str
    labels: str
    """``human`` or ``proxy``."""
    figure: Path


@dataclass(frozen=True)
class _Change:
    name: str
    immaterial: bool
    model: ModelRequest
    seed: int = 0


def run(
    model: str,
    datasets: Sequence[str],
    *,
    seeds: int | None = None,
    set: Sequence[str] = (),
    choices: api.Choices | None = None,
    store: Path | None = None,
    catalog: Path | None = None,
    watch: Watcher | None = None,
) -> tuple[list[Stress], Outcome]:
    """Change what can be changed about a model; arguments as of :func:`iqabench.run`.

    ``seeds`` counts the seeds of training, 3 by default; the split is that of seed 0, and each
    fold of it where there are folds. ``set`` holds ``KEY=VALUE`` overrides. The study is kept in
    the store, in place of an earlier one of the same model on the same sets.

    Returns:
        One study for each test set, and how the jobs ended.

    Raises:
        IqabenchError: as :func:`iqabench.run`.
    """
    check_seeds(seeds)
    watch = watch or Silent()
    kept = api.open_store(store)
    kept.check()
    overrides = [f"{model}.{override}" for override in set]
    session = api.Session(catalog, watch)
    made = api.plan([model], datasets, seeds=1, set=overrides, choices=choices, session=session)
    for line in made.skipped:
        watch.say(f"not applicable: {line}")
    kept.prepare()
    parts: dict[tuple[str, str], list[Evaluation]] = {}
    for evaluation in made.evaluations:
        keep_part(evaluation, kept)
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
    outcome = execute(Plan((), (), tuple(jobs.values())), kept, watch)
    return [_study(kept, same, changes) for same, changes in studied], outcome


Changed = list[tuple[_Change, list[PredictJob]]]


def _changed(parts: Sequence[Evaluation], seeds: int) -> Changed:
    """Every change with its predictions of each part."""
    changes = list(_changes(parts[0].model, seeds))
    return [(change, [_predict(part.predict, change) for part in parts]) for change in changes]


def _changes(model: ModelRequest, seeds: int) -> Iterator[_Change]:
    yield _Change(AS_IT_IS, True, model)
    if model.trains:
        for seed in range(1, seeds):
            yield _Change(f"trained from seed {seed}", True, model, seed)
    recipe = model.recipe
    if model.card.kind == "trainable":
        if recipe.crop is not None and recipe.test_crop_kind != "whole":
            for count in CROPS:
                if count != recipe.test_crops:
                    changed = recipe.model_copy(update={"test_crops": count})
                    # Fewer crops leave parts of a picture unseen, which may matter.
                    whole = count > recipe.test_crops
                    name = "1 crop" if count == 1 else f"{count} crops"
                    yield _Change(name, whole, replace(model, recipe=changed))
        precision = "bf16" if model.precision == "fp32" else "fp32"
        yield _Change(precision, True, replace(model, precision=precision))
        for device in sorted({pick("auto"), "cpu"} - {model.device}):
            yield _Change(f"on {device}", True, replace(model, device=device))
    for scale in SCALES:
        yield _Change(f"pictures x {scale:g}", False, replace(model, scale=scale))


def _predict(base: PredictJob, change: _Change) -> PredictJob:
    """The job that predicts a part after a change; fitted anew only where the seed is another."""
    fit = None if base.fit is None else _refit(base.fit, change.seed)
    fields = {
        **base.fields,
        **change.model.fields(),
        "fit": fit.fingerprint if fit else None,
        "seed": change.seed if fit else base.seed,
    }
    return replace(base, model=change.model, fit=fit, seed=fields["seed"], fields=fields)


def _refit(base: FitJob, seed: int) -> FitJob:
    return replace(base, seed=seed, fields={**base.fields, "seed": seed})


def _study(store: Store, parts: Sequence[Evaluation], changes: Changed) -> Stress:
    plain = parts[0].record()
    record: dict[str, Any] = {
        key: plain[key] for key in ("label", "direction", "labels", "protocol", *noise.KEY)
    }
    record["changes"] = [
        {
            "name": change.name,
            "immaterial": change.immaterial,
            "predict": [predict.fingerprint for predict in predicts],
        }
        for change, predicts in changes
    ]
    store.save_stress(digest({key: record[key] for key in noise.KEY}), record)
    table = noise.table(store, record)
    band = noise.band(table)
    names = dict.fromkeys(record[key] for key in ("label", "train", "test"))
    figure = (
        store.root / "figures" / f"stress-{'-'.join(name for name in names if name != '-')}.png"
    )
    proxy = " (proxy labels)" if record["labels"] == "proxy" else ""
    draw(table, band, figure, f"{record['label']} on {record['test']}{proxy}")
    table.insert(0, "test", record["test"])
    return Stress(table, band, record["test"], record["labels"], figure)


def draw(table: pd.DataFrame, band: noise.Band, path: Path, title: str) -> None:
    """SROCC after each change, beside the noise band, and agreement with the model as it is."""
    figure = canvas.figure(9.0, 1.4 + 0.3 * len(table))
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
    figure.suptitle(title, fontsize=11)
    canvas.save(figure, path)
