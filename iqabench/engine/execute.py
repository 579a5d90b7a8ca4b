"""Makes the jobs of a plan one after the other and records the evaluations.

A job that raises fails alone: its traceback goes to its folder and the rest goes on.
"""

from __future__ import annotations

import math
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from iqabench.contract.errors import IqabenchError, ScoreError
from iqabench.data.pixels import prepare
from iqabench.data.tables import Tick
from iqabench.engine.progress import Watcher
from iqabench.protocols.plan import Evaluation, FitJob, Plan, PredictJob
from iqabench.store import Job, Store


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    made: int
    reused: int
    failed: tuple[str, ...]


def keep_part(evaluation: Evaluation, store: Store) -> None:
    """Keep the labels and the split of what an evaluation tests, so that reports need no data."""
    store.save_table(evaluation.test.name, evaluation.test.hash, evaluation.test.table)
    if evaluation.split is not None:
        store.save_split(evaluation.split.hash, evaluation.split.record())


def execute(plan: Plan, store: Store, watch: Watcher) -> Outcome:
    """Make every job of the plan that the store lacks.

    Raises:
        StoreError: the store cannot be written.
    """
    store.prepare()
    for evaluation in plan.evaluations:
        keep_part(evaluation, store)
        store.save_evaluation(evaluation.identity, evaluation.record())
    made, reused, failed = 0, 0, []
    for number, job in enumerate(plan.jobs, 1):
        known = store.job(job.fingerprint)
        if known is not None and known.done:
            reused += 1
            continue
        done = _make(job, store, watch, f"[{number}/{len(plan.jobs)}] {title(job)}")
        made += 1
        if not done.done:
            failed.append(done.fingerprint)
            watch.say(
                f"failed: {title(job)}: {done.record['error']}\n"
                f"  (iqabench show {done.fingerprint} tells more)"
            )
    return Outcome(made, reused, tuple(failed))


def title(job: FitJob | PredictJob) -> str:
    """A job in a few words."""
    if isinstance(job, FitJob):
        return f"fit {job.model.label} on {job.dataset.name}, seed {job.seed}" + _fold(job)
    part = "" if job.contents is None else ", test part"
    return f"predict {job.dataset.name}{part} with {job.model.label}" + (
        f", seed {job.seed}{_fold(job.fit)}" if job.fit else ""
    )


def _fold(job: FitJob) -> str:
    return f" (split {job.split.hash[:6]})"


def _make(job: FitJob | PredictJob, store: Store, watch: Watcher, name: str) -> Job:
    with store.writing(job.fingerprint) as folder, watch.task(name) as tick:
        known = store.job(job.fingerprint)
        if known is not None and known.done:  # another process made it meanwhile
            return known
        start, began = time.perf_counter(), datetime.now(UTC)
        status: dict[str, Any] = {"status": "done"}
        try:
            if isinstance(job, FitJob):
                status |= _fit(job, folder, tick)
            else:
                status |= _predict(job, store, folder, tick)
        except Exception as error:
            hint = error.hint if isinstance(error, IqabenchError) else ""
            status = {
                "status": "failed",
                "error": f"{type(error).__name__}: {error}",
                "hint": hint,
                "traceback": traceback.format_exc(),
            }
        record = {
            "title": title(job),
            "fields": dict(job.fields),
            "began": began.isoformat(),
            "seconds": round(time.perf_counter() - start, 3),
            **status,
        }
        for scratch in folder.glob("stage-*"):  # what only resuming an unfinished fit needs
            shutil.rmtree(scratch) if scratch.is_dir() else scratch.unlink()
        (folder / "log.txt").write_text(_log(record), encoding="utf-8")
        return store.finish(job.fingerprint, record)


def _log(record: Mapping[str, Any]) -> str:
    lines = [
        f"{record['began']} {record['title']}",
        f"{record['status']} after {record['seconds']} s",
    ]
    return "\n".join([*lines, *str(record.get("traceback", "")).splitlines()]) + "\n"


def _fit(job: FitJob, folder: Path, tick: Tick) -> dict[str, Any]:
    from iqabench.engine.fitting import fit

    return fit(job, folder, tick)


def _predict(job: PredictJob, store: Store, folder: Path, tick: Tick) -> dict[str, Any]:
    import pandas as pd

    from iqabench.engine.scoring import scorer_for

    images, references = _names(job)
    names = [*images, *references]
    truncated = job.model.allow_truncated
    notes = prepare(job.dataset, names, truncated, tick)
    if job.maps is not None:
        job.maps.make(job.dataset, names, tick, truncated)
    scored = scorer_for(job, store)
    rows = []
    for done, prediction in enumerate(scored.predictions(names), 1):
        rows.append(prediction)
        tick(done, len(names), "predicting")
    made = pd.DataFrame([vars(row) for row in rows])
    table = made[: len(images)]
    good = table["error"].isna()
    if not good.any():
        raise ScoreError(
            f"all {len(table)} pictures failed, first {table['error'].iloc[0]}",
            "look at the first picture's error",
        )
    made["notes"] = made["image"].map(notes).str.join("; ")
    made[["image", "prediction", "error", "notes"]].to_parquet(
        folder / "predictions.parquet", index=False
    )
    seconds = float(table.loc[good, "seconds"].median())
    return {
        "images": len(table),
        "failed_images": int((~good).sum()),
        "noted_images": sum(map(bool, notes.values())),
        "notes": dict(Counter(chain.from_iterable(notes.values()))),
        "seconds_per_image": seconds if math.isfinite(seconds) else None,
        "parameters": scored.parameters,
    }


def _names(job: PredictJob) -> tuple[list[str], list[str]]:
    """The images to score, and the pristine pictures behind them, which have no labels."""
    table = job.dataset.table
    if job.contents is not None:
        table = job.dataset.rows_of(list(job.contents))
    images = list(table["image"])
    references = set(table["reference"]) - set(images) if "reference" in table else set()
    return images, sorted(references)
