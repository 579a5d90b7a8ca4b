"""Runs models that need no fitting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from torch import nn

from iqabench.contract.progress import Tick
from iqabench.engine.ahead import made_ahead
from iqabench.engine.kinds.base import Fitted, Pictures, Ready
from iqabench.engine.kinds.trainable import parameters
from iqabench.engine.one_by_one import Prediction, predictions
from iqabench.engine.predictions import scorer_score
from iqabench.protocols.plan import FitJob
from iqabench.protocols.requests import ModelRequest


class Scorer:
    """Runs scorers; an :class:`iqabench.engine.kinds.base.Adapter`."""

    def fit(self, job: FitJob, folder: Path, tick: Tick) -> Fitted:
        """Raise TypeError: the plan makes no fit job for a scorer."""
        raise TypeError(f"'{job.model.label}' learns nothing")

    def ready(
        self, request: ModelRequest, weights: Path | None, pictures: Pictures, seed: int
    ) -> Ready:
        """See :meth:`iqabench.engine.kinds.base.Adapter.ready`."""
        model = request.build()
        network = model if isinstance(model, nn.Module) else None
        if network is not None:
            network.eval()

        def several(names: Sequence[str]) -> Iterator[Prediction]:
            with made_ahead(pictures.planes, names) as planes:
                yield from predictions(names, scorer_score(model, planes, pictures.references))

        score = scorer_score(model, pictures.planes, pictures.references)
        size = None if network is None else parameters(network)
        return Ready(score, size, several=several)
