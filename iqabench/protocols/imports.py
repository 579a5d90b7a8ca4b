"""Imports scores that another program computed: stores them as a job and as evaluations."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from iqabench.contract.cards import Direction
from iqabench.contract.errors import DataError, UsageError
from iqabench.data.tables import Dataset
from iqabench.kit.label_files import NOTES, PLACES, Places, is_there, load, shortened
from iqabench.protocols.grammar import Within
from iqabench.protocols.parts import Part, parts_of, whole
from iqabench.protocols.picture_names import PictureNames, loose_folders
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
    columns: Mapping[str, str | int] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[str, ...]:
    """Store the scores and the evaluations that use them; returns the evaluations' IDs.

    Args:
        path: a label file of any kind with the columns ``image`` and ``score``.
        model: the name to show.
        dataset: the set that was scored.
        direction: whether ``higher`` or ``lower`` is better.
        seeds: judge also on the test parts of so many repetitions of the set's own protocol.
        store: where the scores go.
        columns: ``image`` and ``score`` -> name or number of the column in the file.
        say: called with each line on how the file was read, and how many pictures have no score.

    Raises:
        UsageError: there is no file at ``path``.
        DataError: the file cannot be read, or does not match the data set.
    """
    table, file_hash, notes = _read(path, dataset, columns or {})
    for line in notes:
        say(line)
    failed = int(table["error"].notna().sum())
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
        say(f"{failed} of {len(dataset.table)} pictures of {dataset.name} have no score")
    store.prepare()
    with store.writing(identity.fingerprint) as folder:
        table.to_parquet(folder / PREDICTIONS, index=False)
        store.finish(_record(identity, path, dataset, table))
    store.save_table(dataset.name, dataset.hash, dataset.table)
    return tuple(_evaluate(identity, part, store) for part in parts)


def _record(
    identity: ImportIdentity, path: Path, dataset: Dataset, table: pd.DataFrame
) -> JobRecord:
    return JobRecord(
        identity=identity,
        title=f"scores of {identity.label} on {dataset.name} from {path.name}",
        status="done",
        began=datetime.now(UTC).isoformat(),
        seconds=0.0,
        images=len(dataset.table),
        failed_images=int(table["error"].notna().sum()),
    )


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


def _read(
    path: Path, dataset: Dataset, columns: Mapping[str, str | int]
) -> tuple[pd.DataFrame, str, list[str]]:
    """The stored table, the file's hash, and what a user should know of how it was read."""
    import numpy as np
    import pandas as pd

    if not is_there(path):
        raise UsageError(f"no file at {path}", "name a file with columns image,score")
    labels = load(path)
    wanted = {"image": "image", "score": "score", **columns}
    if any(isinstance(name, str) and name not in labels.columns for name in wanted.values()):
        both = " and ".join(name for name in wanted.values() if isinstance(name, str))
        raise DataError(f"{path.name} lacks the columns {both}", labels.shown())
    scores = labels.frame(wanted, ("score",))
    places: Places = scores.attrs[PLACES]
    if not len(scores):
        raise DataError(f"{path.name} holds no scores", "one row per image is wanted")
    for line, value in scores["score"].items():
        if not (isinstance(value, int | float | np.number) and np.isfinite(value)):
            known = value is not None and value == value
            what = f"'{shortened(value)}' is no finite number" if known else "no score"
            raise DataError(
                f"{places.of(line, 'score')}: {what}", "leave out images that have no score"
            )
    names, notes = _matched(scores["image"], places, dataset)
    given = pd.DataFrame({"image": names, "prediction": [float(one) for one in scores["score"]]})
    table = dataset.table[["image"]].merge(given, on="image", how="left")
    table["error"] = table["prediction"].isna().map({True: "not in the imported file", False: None})
    pristine = given[~given["image"].isin(table["image"])]
    if len(pristine):
        table = pd.concat([table, pristine.assign(error=None)], ignore_index=True)
    return table, hashlib.sha256(path.read_bytes()).hexdigest(), [*scores.attrs[NOTES], *notes]


def _matched(given: pd.Series, places: Places, dataset: Dataset) -> tuple[list[str], list[str]]:
    """The names as the data set writes them, and a note on names that were not given in full.

    Pristine pictures may be scored, too.
    """
    pictures = [*dataset.table["image"], *dataset.table.get("reference", [])]
    known = PictureNames(dataset.name, dataset.root, pictures)
    lines: dict[str, object] = {}
    for line, name in given.items():
        if not isinstance(name, str):
            raise DataError(f"{places.of(line, 'image')}: no image", "fill it in or drop the row")
        found = known.match(name, places.of(line, "image"))
        if found in lines:
            raise DataError(
                f"{places.file} scores {found} twice: {places.unit}s {lines[found]} and {line}",
                "one row per image",
            )
        lines[found] = line
    names, where = list(lines), [places.of(line, "image") for line in given.index]
    loose_folders([*given], names, where)
    note = known.note([*given], names)
    return names, [note] if note else []
