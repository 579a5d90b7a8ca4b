"""Scores pictures that belong to no data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from iqabench.contract.progress import Watcher
from iqabench.data.decoding import decode, read_bytes
from iqabench.data.file_hashes import digest
from iqabench.data.tensors import planes_of
from iqabench.engine.kinds import adapter
from iqabench.engine.kinds.base import Pictures
from iqabench.engine.model_weights import chosen_weights
from iqabench.protocols.requests import ModelRequest
from iqabench.registry import Provider
from iqabench.saliency.providers import computing
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.contract.models import Features


@dataclass(frozen=True)
class PictureScore:
    """The score of a picture that belongs to no data set."""

    path: str
    score: float | None
    """None where the picture failed."""
    direction: str
    """Whether ``higher`` or ``lower`` is better."""
    error: str | None
    notes: str
    """Notes on the decoding of the picture."""


def score(
    request: ModelRequest,
    provider: Provider | None,
    paths: Sequence[Path],
    store: Store,
    watch: Watcher,
) -> Iterator[PictureScore]:
    """The score of each picture, or the error that prevented it.

    Raises:
        UsageError: the provider needs a data set.
        WeightsError: the model's weights cannot be obtained.
    """
    weights = chosen_weights(request, store)
    map_of = computing(provider) if provider is not None else None

    notes: dict[str, str] = {}

    def planes(name: str) -> Tensor:
        picture = decode(Path(name), request.allow_truncated)
        notes[name] = "; ".join(picture.notes)
        colours = planes_of(torch.from_numpy(picture.pixels).permute(2, 0, 1))
        return colours if map_of is None else torch.cat([colours, map_of(colours)])

    def features_of(model: Any, name: str) -> Features:
        found: Features = np.asarray(model.features(planes(name)[None]))[0]
        return found

    def content_of(name: str) -> str:
        return digest(read_bytes(Path(name)))

    pictures = Pictures(planes, content_of, features_of)
    model = adapter(request.card).ready(request, weights, pictures, seed=0)
    with watch.task(f"scoring with {request.label}") as tick:
        for done, row in enumerate(model.predictions([str(path) for path in paths]), 1):
            tick(done, len(paths), "pictures")
            yield PictureScore(
                path=row.image,
                score=None if row.error else row.prediction,
                direction=request.direction,
                error=row.error,
                notes=notes.get(row.image, ""),
            )
