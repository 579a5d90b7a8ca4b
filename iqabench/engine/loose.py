"""Scores any pictures, outside every data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from iqabench.data.images import decode
from iqabench.data.providers import computing
from iqabench.data.views import planes_of
from iqabench.engine.progress import Watcher
from iqabench.engine.scoring import chosen_weights, ready
from iqabench.protocols.requests import ModelRequest
from iqabench.registry import Provider
from iqabench.store import Store

if TYPE_CHECKING:
    from iqabench.contract.models import Features


def score(
    request: ModelRequest,
    provider: Provider | None,
    paths: Sequence[Path],
    store: Store,
    watch: Watcher,
) -> Iterator[dict[str, Any]]:
    """One row per picture: ``path``, ``score`` (None on failure), ``direction``, ``error``,
    ``notes``.

    Raises:
        UsageError: the provider needs a data set.
        WeightsError: the model's weights cannot be had.
    """
    weights = None if request.card.kind == "scorer" else chosen_weights(request, store)
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

    scored = ready(request, weights, planes, features_of)
    with watch.task(f"scoring with {request.label}") as tick:
        for done, row in enumerate(scored.predictions([str(path) for path in paths]), 1):
            tick(done, len(paths), "pictures")
            plain = asdict(row)
            yield {
                "path": plain["image"],
                "score": None if plain["error"] else plain["prediction"],
                "direction": request.direction,
                "error": plain["error"],
                "notes": notes.get(plain["image"], ""),
            }
