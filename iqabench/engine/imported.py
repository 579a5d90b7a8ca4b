"""Scores made elsewhere, as a predict job that was not made here."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iqabench.contract.errors import DataError, UsageError
from iqabench.data.tables import Dataset
from iqabench.protocols.grammar import Within
from iqabench.protocols.plan import NO_TRAINING, Part, parts_of
from iqabench.store import Store
from iqabench.store.fingerprints import digest

if TYPE_CHECKING:
    import pandas as pd


def import_file(
    path: Path, model: str, dataset: Dataset, direction: str, seeds: int | None, store: Store
) -> tuple[str, ...]:
    """Store the scores and the evaluations they take part in; returns the evaluations' identities.

    Raises:
        DataError: the file cannot be matched to the data set.
    """
    table, file_hash = _read(path, dataset)
    fields = {
        "kind": "import",
        "model": model,
        "file": file_hash,
        "direction": direction,
        "dataset": dataset.name,
        "data": dataset.hash,
    }
    fingerprint = digest(fields)
    parts = list(parts_of(Within(dataset.name), lambda name: dataset, seeds, None))
    store.prepare()
    with store.writing(fingerprint) as folder:
        table.to_parquet(folder / "predictions.parquet", index=False)
        store.finish(
            fingerprint,
            {
                "title": f"scores of {model} on {dataset.name} from {path.name}",
                "fields": fields,
                "began": datetime.now(UTC).isoformat(),
                "seconds": 0.0,
                "status": "done",
                "images": len(dataset.table),
                "failed_images": int(table["error"].notna().sum()),
            },
        )
    store.save_table(dataset.name, dataset.hash, dataset.table)
    identities = []
    for part in parts:
        record = _evaluation(model, dataset, part, direction, fingerprint)
        if part.split is not None:
            store.save_split(part.split.hash, part.split.record())
        store.save_evaluation(digest(record), {**record, "recipe": "-"})
        identities.append(digest(record))
    return tuple(identities)


def _evaluation(
    model: str, dataset: Dataset, part: Part, direction: str, fingerprint: str
) -> dict[str, Any]:
    return {
        "label": model,
        "model": "imported",
        "config": fingerprint,
        "init": "-",
        "weights": "-",
        "direction": direction,
        "protocol": part.protocol,
        "train": NO_TRAINING,
        "test": dataset.name,
        "test_hash": dataset.hash,
        "labels": dataset.card.label_kind,
        "seed": part.seed,
        "fold": part.fold,
        "split": part.split.hash if part.split else None,
        "contents": list(part.contents) if part.contents is not None else None,
        "selection": NO_TRAINING,
        "saliency": "-",
        "predict": fingerprint,
        "fit": None,
    }


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
    """Image names as the data set writes them: whole paths, or unique file names.

    Pristine pictures may be scored too; where a file name could be either, it is the image.
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
