"""Does the work of a predict job: scores its pictures and writes the predictions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from iqabench.contract.errors import ScoreError
from iqabench.contract.progress import Tick
from iqabench.data.picture_cache import prepare
from iqabench.engine.features import features
from iqabench.engine.kinds import adapter
from iqabench.engine.kinds.base import Pictures, Ready
from iqabench.engine.model_weights import weights_of
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.work_time import timing
from iqabench.protocols.plan import PredictJob
from iqabench.store import Store
from iqabench.store.folder import PREDICTIONS
from iqabench.store.records import Timing

COLUMNS = ["image", "prediction", "error", "notes"]


@dataclass(frozen=True)
class Predicted:
    """The results of a predict job, in addition to the predictions in its folder."""

    images: int
    failed_images: int
    noted_images: int
    notes: dict[str, int]
    seconds_per_image: float | None
    timing: Timing | None
    parameters: int | None


def predict(job: PredictJob, store: Store, folder: Path, tick: Tick) -> Predicted:
    """Score the job's pictures, then their pristine pictures, and write both.

    Raises:
        WeightsError: the model's weights cannot be found or do not fit the model.
        ScoreError: every picture failed.
    """
    import pandas as pd

    weights = weights_of(job, store)  # before slow work, which is in vain without them
    images, references = _names(job)
    names = [*images, *references]
    truncated = job.model.allow_truncated
    notes = prepare(job.dataset, names, truncated, tick).notes
    if job.maps is not None:
        job.maps.make(job.dataset, names, tick, truncated)
    rows = []
    model = _ready(job, weights)
    for done, prediction in enumerate(model.predictions(names), 1):
        rows.append(prediction)
        tick(done, len(names), "predicting")
    made = pd.DataFrame([vars(row) for row in rows])
    table = made[: len(images)]
    good = table["error"].isna()
    if not good.any():
        raise ScoreError(
            f"every picture failed, {len(table)} in all; the first: {table['error'].iloc[0]}",
            "look at the first picture's error",
        )
    made["notes"] = made["image"].map(notes).str.join("; ")
    made[COLUMNS].to_parquet(folder / PREDICTIONS, index=False)
    measured = table.loc[good, "seconds"].dropna()
    request = job.model
    return Predicted(
        images=len(table),
        failed_images=int((~good).sum()),
        noted_images=sum(map(bool, notes.values())),
        notes=dict(Counter(chain.from_iterable(notes.values()))),
        seconds_per_image=float(measured.median()) if len(measured) else None,
        timing=timing(request.device, request.precision, len(measured)) if len(measured) else None,
        parameters=model.parameters,
    )


def ready_for(job: PredictJob, store: Store) -> Ready:
    """The job's model, built and loaded.

    Raises:
        WeightsError: the model's weights cannot be found or do not fit the model.
    """
    return _ready(job, weights_of(job, store))


def _ready(job: PredictJob, weights: Path | None) -> Ready:
    dataset, request = job.dataset, job.model
    pictures = Pictures(
        dataset_planes(dataset, job.maps, request.allow_truncated, request.scale),
        dataset.image_hashes.__getitem__,
        lambda model, name: features(model, request, dataset, name),
        _references(job) if request.card.full_reference else None,
    )
    return adapter(request.card).ready(request, weights, pictures, job.seed)


def _references(job: PredictJob) -> dict[str, str]:
    """Image -> pristine picture; a pristine picture is its own reference."""
    table = job.dataset.table
    found = dict(zip(table["reference"], table["reference"], strict=True))
    return found | dict(zip(table["image"], table["reference"], strict=True))


def _names(job: PredictJob) -> tuple[list[str], list[str]]:
    """The images to score, and their pristine pictures, which have no labels."""
    table = job.dataset.table
    if job.contents is not None:
        table = job.dataset.rows_of(list(job.contents))
    images = list(table["image"])
    references = set(table["reference"]) - set(images) if "reference" in table else set()
    return images, sorted(references)
