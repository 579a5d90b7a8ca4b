"""Runs models that fit a regressor to features."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from iqabench.contract.errors import WeightsError
from iqabench.contract.progress import Tick
from iqabench.engine.features import features_of
from iqabench.engine.kinds.base import Fitted, Pictures, Ready
from iqabench.engine.label_scale import LabelScale
from iqabench.engine.work_time import working
from iqabench.kit.weights import load_arrays
from iqabench.protocols.plan import FitJob
from iqabench.protocols.requests import ModelRequest
from iqabench.store.folder import WEIGHTS


class Estimator:
    """Runs estimators; an :class:`iqabench.engine.kinds.base.Adapter`."""

    def fit(self, job: FitJob, folder: Path, tick: Tick) -> Fitted:
        """See :meth:`iqabench.engine.kinds.base.Adapter.fit`."""
        rows = job.dataset.rows_of(list(job.split.train))
        quality = rows["quality"].to_numpy(dtype=np.float64)
        if job.model.card.fit_on == "references":
            names = sorted(set(rows["reference"]))
            scale, targets = LabelScale(0.0, 1.0), np.full(len(names), np.nan)
        else:
            names, scale = list(rows["image"]), LabelScale.of(quality)
            targets = scale.down(quality)
        model = job.model.build()
        model.fit(features_of(model, job.model, job.dataset, names, tick), targets)
        state = {key: np.asarray(value, order="C") for key, value in model.state().items()}
        save_file(state, folder / WEIGHTS, scale.metadata())
        return Fitted(len(names), sum(int(array.size) for array in state.values()))

    def ready(
        self, request: ModelRequest, weights: Path | None, pictures: Pictures, seed: int
    ) -> Ready:
        """See :meth:`iqabench.engine.kinds.base.Adapter.ready`."""
        if weights is None:
            raise WeightsError(f"'{request.label}' has no weights", "--weights FILE or job:ID")
        model = request.build(loaded=True)
        state, metadata = load_arrays(weights)
        scale = LabelScale.from_metadata(metadata)
        model.load_state(state)

        def score(name: str) -> float:
            features = pictures.features(model, name)
            with working():
                return scale.up(float(model.predict(features[None])[0]))

        return Ready(score, sum(int(array.size) for array in state.values()))
