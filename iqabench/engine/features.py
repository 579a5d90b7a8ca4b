"""Features of estimators, computed once per picture and shared by splits and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iqabench.contract.errors import DataError, ScoreError
from iqabench.contract.progress import Tick
from iqabench.data import array_files
from iqabench.data.tables import Dataset
from iqabench.engine.predictions import dataset_planes
from iqabench.engine.time_limit import picture_limit
from iqabench.engine.work_time import reused, working
from iqabench.kit.places import cache_dir
from iqabench.protocols.requests import ModelRequest

Array = NDArray[np.float64]


def features_of(
    model: Any, request: ModelRequest, dataset: Dataset, names: Sequence[str], tick: Tick
) -> Array:
    """(N, F) features of the named pictures, from the cache where it has them.

    Raises:
        DataError: the model refuses a picture, which the message names.
    """
    rows = []
    for done, name in enumerate(names, 1):
        try:
            with picture_limit(name):
                rows.append(features(model, request, dataset, name))
        except DataError as error:
            raise DataError(f"{name}: {error.message}", error.hint) from error
        tick(done, len(names), "features")
    return np.stack(rows)


def uncomputed(request: ModelRequest, dataset: Dataset, names: Sequence[str]) -> list[str]:
    """The pictures of whose features the cache has none."""
    hashes = dataset.image_hashes
    return [name for name in names if not _place(request, hashes[name]).exists()]


def features(model: Any, request: ModelRequest, dataset: Dataset, name: str) -> Array:
    """(F,) features of one picture.

    Raises:
        ScoreError: the model returned a wrong shape or non-finite features.
    """
    place = _place(request, dataset.image_hashes[name])
    kept = array_files.read(place)
    if kept is not None and kept[0].ndim == 1:
        reused()
        return np.array(kept[0])  # a copy: a mapped file stays open, and there are thousands
    planes = dataset_planes(dataset, None, request.allow_truncated, request.scale)(name)
    with working():
        found = np.asarray(model.features(planes[None]))
    if found.ndim != 2 or len(found) != 1 or not np.isfinite(found).all():
        raise ScoreError(
            f"bad features for {name}: shape {found.shape}", "features returns (B, F), finite"
        )
    array_files.write(place, array_files.parts(found[0]))
    made: Array = found[0]
    return made


def _place(request: ModelRequest, content_hash: str) -> Path:
    # Features do not depend on the weights that a regressor learns, nor on device and precision.
    shared = {"weights": "", "precision": "", "device": ""}
    key = request.identity.model_copy(update=shared).digest
    folder = cache_dir() / "features" / f"{request.card.name}-{key}"
    return folder / content_hash[:2] / content_hash
