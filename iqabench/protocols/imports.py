"""Imports scores that another program computed: stores them as a job and as evaluations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.cards import Direction
from iqabench.contract.errors import DataError, UsageError
from iqabench.data.tables import Dataset
from iqabench.protocols.grammar import Within
from iqabench.protocols.parts import Part, parts_of, whole
from iqabench.protocols.plan import evaluation_record
from iqabench.store import Store
from iqabench.store.folder import PREDICTIONS
from iqabench.store.records import IMPORTED, ImportIdentity, JobRecord

if TYPE_CHECKING:
    import pandas as pd


def import_file(
    path: Path,
    model: str,
    dataset: Dataset,
    direction: Direction,
    seeds: int | None,
    store: Store,
    say: Callable[[str], None],
) -> tuple[str, ...]:
    """Store the scores and the evaluations that use them; returns the evaluations' IDs.

    Args:
        path: CSV with the columns ``image`` and ``score``.
        model: the name to show.
        dataset: the set that was scored.
        direction: whether ``higher`` or ``lower`` is better.
        seeds: judge also on the test parts of so many repetitions of the set's own protocol.
        store: where the scores go.
        say: is told how many pictures have no score, if any.

    Raises:
        UsageError: there is no file at ``path``.
        DataError: the file cannot be read, or does not match the data set.
    """
    table, file_hash = _read(path, dataset)
    failed, images = int(table["error"].notna().sum()), len(dataset.table)
    identity = ImportIdentity(
        label=model,
        file=file_hash,
        direction=direction,
        dataset=dataset.name,
        data=dataset.hash,
    )
    parts = [whole(dataset)]
    if seeds is not None:
        parts += parts_of(Within(dataset.name), lambda name: dataset, seeds, None)
    if failed:
        say(f"{failed} of {images} pictures of {dataset.name} have no score")
    store.prepare()
    with store.writing(identity.fingerprint) as folder:
        table.to_parquet(folder / PREDICTIONS, index=False)
        store.finish(
            JobRecord(
                identity=identity,
                title=f"scores of {model} on {dataset.name} from {path.name}",
                status="done",
                began=datetime.now(UTC).isoformat(),
                seconds=0.0,
                images=images,
                failed_images=failed,
            )
        )
    store.save_table(dataset.name, dataset.hash, dataset.table)
    return tuple(_evaluate(identity, part, store) for part in parts)


def _evaluate(identity: ImportIdentity, part: Part, store: Store) -> str:
    """Record that the scores count on a part; returns the evaluation's ID."""
    record = evaluation_record(
        part,
        identity.fingerprint,
        label=identity.label,
        model=IMPORTED,
        config=identity.fingerprint,
        direction=identity.direction,
    )
    if part.split is not None:
        store.save_split(part.split.record())
    store.save_evaluation(record)
    return record.id


def _read(path: Path, dataset: Dataset) -> tuple[pd.DataFrame, str]:
    import numpy as np
    import pandas as pd

    try:
        raw = path.read_bytes()
        scores = pd.read_csv(path, dtype={"image": str})
    except FileNotFoundError as error:
        raise UsageError(f"no file at {path}", "name a CSV with columns image,score") from error
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {error}", "a CSV in UTF-8 is wanted") from error
    if not {"image", "score"} <= set(scores):
        raise DataError(
            f"{path.name} lacks the columns image and score",
            f"it has {', '.join(map(str, scores.columns))}",
        )
    if not len(scores):
        raise DataError(f"{path.name} holds no scores", "one row per image is wanted")
    names = _matched(scores["image"].astype(str), dataset, path)
    values = pd.to_numeric(scores["score"], errors="coerce")
    if names.duplicated().any():
        raise DataError(
            f"{path.name} scores {names[names.duplicated()].iloc[0]} twice", "one row per image"
        )
    bad = values.index[~np.isfinite(values)]
    if len(bad):
        raise DataError(
            f"{path.name}, line {bad[0] + 2}: '{scores['score'][bad[0]]}' is no number",
            "leave out images that have no score",
        )
    given = pd.DataFrame({"image": names, "prediction": values.astype(float)})
    table = dataset.table[["image"]].merge(given, on="image", how="left")
    table["error"] = table["prediction"].isna().map({True: "not in the imported file", False: None})
    pristine = given[~given["image"].isin(table["image"])]
    if len(pristine):
        table = pd.concat([table, pristine.assign(error=None)], ignore_index=True)
    return table, hashlib.sha256(raw).hexdigest()


def _matched(names: pd.Series, dataset: Dataset, path: Path) -> pd.Series:
    """The names as the data set writes them.

    A given name is a path below the root, or a unique file name. Pristine pictures may be scored,
    too. If a file name fits both an image and a pristine picture, the image counts.
    """
    images = list(dataset.table["image"])
    known = {*images, *dataset.table.get("reference", [])}
    short: dict[str, list[str]] = {}
    for name in images:
        short.setdefault(Path(name).name, []).append(name)
    pristine: dict[str, list[str]] = {}
    for name in sorted(known.difference(images)):
        pristine.setdefault(Path(name).name, []).append(name)

    def match(name: str) -> str:
        if name in known:
            return name
        candidates = short.get(Path(name).name) or pristine.get(Path(name).name, [])
        if len(candidates) != 1:
            why = "is not in" if not candidates else "is ambiguous in"
            raise DataError(
                f"{path.name}: '{name}' {why} {dataset.name}",
                f"images are named as in {next(iter(sorted(known)))}",
            )
        return candidates[0]

    return names.map(match)
